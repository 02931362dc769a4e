/* empty.c -- a shared object that exports nothing that is asked for. */
extern int nothing;
int nothing;
