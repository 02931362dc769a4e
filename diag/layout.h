/* layout.h -- where does the program keep each parameter?
 *
 * core keeps a layer as W (out x in, row-major), then b. A program keeps it in
 * arrays of its own: out x in or in x out, the biases apart, or as the first or
 * the last input of W. place[k] says where core's parameter k lies in the
 * program's theta, which is its arrays one after the other. A threshold t, which is
 * subtracted, is the bias b = -t: it, its gradient and its steps change their sign on
 * the way.
 */
#ifndef BP_LAYOUT_H
#define BP_LAYOUT_H

#include "backprobe.h"
#include "core/mlp.h"
#include "core/status.h"

/* Whether every W_l (and b_l) is held exactly once by the arrays of subject. A
 * layer without biases in the arrays is set to have none in spec. BP_EINPUT says
 * what is missing, doubled or out of range. */
enum bp_status bp_layout_check(const struct bp_subject *subject, struct bp_spec *spec,
                               struct bp_error *error);

/* Numbers in one array of a checked layout. */
size_t bp_layout_count(const struct bp_spec *spec, const struct bp_array *array);

/* Fills place[0 .. net->n_theta - 1] for a checked layout. */
void bp_layout_places(const struct bp_mlp *net, const struct bp_array *arrays, size_t n_arrays,
                      size_t *place);

/* The same role with biases that are added. */
enum bp_array_role bp_layout_added(enum bp_array_role role);
bool bp_layout_subtracts(const struct bp_array *array);

/* "weights in x out", "weights out x in with the bias as the last input" */
const char *bp_layout_text(const struct bp_array *array);

#endif
