/* room.c -- distances from boxes of words to what is drawn. */
#include "plots/room.h"

#include <math.h>
#include <string.h>

static const double APART = 0.03;              /* between the points that stand for a line */
static const double LETTER = 8.2, LINE = 17.0; /* of text, in points */

struct box {
    double left, right, bottom, top;
};

void bp_room_line(struct bp_room *room, double x0, double y0, double x1, double y1)
{
    const double length = sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
    const int points = 2 + (int)(length < 2.0 ? length / APART : 2.0 / APART);
    for (int i = 0; i < points && room->n < BP_ROOM_MAX; i++, room->n++) {
        const double f = (double)i / (points - 1);
        room->x[room->n] = x0 + f * (x1 - x0);
        room->y[room->n] = y0 + f * (y1 - y0);
    }
}

static struct box box_of(const struct bp_room *room, const struct bp_script *to,
                         const struct bp_room_place *place, const char *words)
{
    const double letters = (double)strlen(words);
    const double wide = letters * (to->plain ? 1.0 : LETTER) / (room->wide * to->width);
    const double tall = (to->plain ? 1.0 : LINE) / (room->tall * to->height);
    const double left = place->to_left ? place->x - wide : place->x;
    return (struct box){left, left + wide, place->y - tall / 2, place->y + tall / 2};
}

/* How far v is outside lo .. hi. */
static double outside(double v, double lo, double hi)
{
    return v < lo ? lo - v : v > hi ? v - hi : 0.0;
}

/* The distance to the nearest point that is drawn; negative by how much leaves the panel. */
static double clearance(const struct bp_room *room, const struct box *box)
{
    const double off = outside(box->left, 0.0, 1.0) + outside(box->right, 0.0, 1.0) +
                       outside(box->bottom, 0.0, 1.0) + outside(box->top, 0.0, 1.0);
    double nearest = 2.0;
    for (size_t i = 0; i < room->n; i++) {
        const double dx = outside(room->x[i], box->left, box->right);
        const double dy = outside(room->y[i], box->bottom, box->top);
        const double d = dx * dx + dy * dy;
        nearest = d < nearest ? d : nearest;
    }
    return off > 0.0 ? -off : nearest;
}

bool bp_room_write(struct bp_room *room, struct bp_script *to, const struct bp_room_place *place,
                   size_t n, enum bp_ink ink, const char *words, bool must)
{
    size_t best = 0;
    double most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        const struct box box = box_of(room, to, &place[i], words);
        const double clear = clearance(room, &box);
        /* earlier places are preferred, once there is enough room */
        if (clear > most && !(most > 0.001)) {
            most = clear;
            best = i;
        }
    }
    if (!(most > 0.0) && !must)
        return false;
    const struct box box = box_of(room, to, &place[best], words);
    for (int line = -1; line <= 1; line++) {
        const double y = place[best].y + line * 0.45 * (box.top - box.bottom);
        bp_room_line(room, box.left, y, box.right, y);
    }
    bp_ink_note(to, place[best].x, place[best].y, place[best].to_left ? "right" : "left", ink, "%s",
                words);
    return true;
}
