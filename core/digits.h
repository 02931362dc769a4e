/* digits.h -- handwriting without a file: what can a network learn from when
 * MNIST is not at hand?
 *
 * A digit is a few strokes, each a chain of quadratic Bezier curves, drawn with
 * a pen on 28 x 28 pixels:
 *
 *     wobble    each control point moves a little
 *     place     the glyph is scaled, slanted, turned and shifted
 *     pen       pixel = ink * clamp((r - distance to the stroke) / soft + 1/2)
 *     noise     ink grows and fades from pixel to pixel; a few specks elsewhere
 *
 * Values are multiples of 1/255 in [0, 1], most of them 0, as in MNIST: no
 * function but sqrt is used, so that they are the same on every machine.
 * Cost: about 20,000 distances a digit.
 */
#ifndef BP_DIGITS_H
#define BP_DIGITS_H

#include "core/dataset.h"

enum { BP_DIGIT_SIDE = 28, BP_DIGIT_PIXELS = BP_DIGIT_SIDE * BP_DIGIT_SIDE, BP_DIGIT_CLASSES = 10 };

/* Draws digit (0 to 9) into BP_DIGIT_PIXELS numbers, row by row from the top. */
void bp_digits_draw(struct bp_rng *rng, size_t digit, double *pixels);

/* n digits, each 0 to 9 at random; BP_ENOMEM. */
enum bp_status bp_digits_dataset(struct bp_dataset *data, size_t n, uint64_t seed,
                                 enum bp_targets coding);

#endif
