/* suites.h -- the list of suites; included twice by run.c. */
SUITE(rng)
