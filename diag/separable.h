/* separable.h -- can one neuron tell two classes apart?
 *
 * With s = +1 or -1 for the class, a hyperplane w.x + b separates the samples when
 * all s (w.x + b) > 0, that is, unless 0 lies in the convex hull of the points
 * s (x, 1) (Gordan's theorem). Gilbert's algorithm (1966) walks to the hull's point
 * of least norm: it ends with a separating direction, or the norm goes to 0.
 *
 * Cost: O(n n_in) an iteration.
 */
#ifndef BP_SEPARABLE_H
#define BP_SEPARABLE_H

#include "core/dataset.h"

enum bp_separable { BP_SEPARABLE_YES, BP_SEPARABLE_NO, BP_SEPARABLE_UNKNOWN };

/* data with two classes, by bp_dataset_label(); scratch: n_in + 1 numbers. UNKNOWN when
 * the iterations ran out. */
enum bp_separable bp_separable_run(const struct bp_dataset *data, double *scratch);

#endif
