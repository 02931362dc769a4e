/* check.c -- backprobe check: is the gradient right? where not, and why? Of a program
 * (--subject), of numbers in files, or of the built-in network with faults planted. */
#include "commands/command.h"

#include "core/init.h"
#include "diag/faults/fault.h"
#include "diag/files.h"
#include "diag/public.h"
#include "diag/sharedobject.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_SUBJECT = 512, OPT_TIMEOUT, OPT_NETWORK, OPT_PLANT, OPT_FILE, PLANTS_MOST = 16 };

struct options {
    struct bp_check_options check;
    const char *subject, *network;
    double timeout;
    const char *plant[PLANTS_MOST];
    size_t n_plant;
    struct bp_files files;
    bool has_files;
};

static const struct option OWN[] = {{"subject", required_argument, NULL, OPT_SUBJECT},
                                    {"timeout", required_argument, NULL, OPT_TIMEOUT},
                                    {"network", required_argument, NULL, OPT_NETWORK},
                                    {"plant", required_argument, NULL, OPT_PLANT}};
enum { N_OWN = sizeof OWN / sizeof OWN[0], LONG_MOST = 32 };
