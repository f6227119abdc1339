/* The keys of `layout:` by kind of job, from the table of axes. */
#include "estimate/description.h"

static const struct field training_fields[] = {
#define AXIS(NAME, name, KINDS, SECTION, TYPE, RANKS, first, least, most, label, SHOWN, legend, values, doc) \
    AXIS_OF_TRAINING_##KINDS(AXIS_IN_LAYOUT_##SECTION(LAYOUT_ROW_##TYPE(name, first, least, most, doc)))
#include "estimate/axis.def"
#undef AXIS
    {.key = NULL},
};
const struct record_table layout_table = {
    "layout", "Degrees of parallelism; data parallelism takes what is left of the accelerators.", training_fields};

static const struct field serving_fields[] = {
#define AXIS LAYOUT_ROW_OF_SERVING
#include "estimate/axis.def"
#undef AXIS
    {.key = NULL},
};
const struct record_table serving_layout_table = {
    "layout", "Degrees of parallelism; copies of the model take what is left of the accelerators.", serving_fields};

const struct degrees layout_unsaid = {
#define AXIS(NAME, name, KINDS, SECTION, TYPE, RANKS, first, ...) AXIS_IN_LAYOUT_##SECTION(.name = first,)
#include "estimate/axis.def"
#undef AXIS
};

void layout_of(const struct degrees *degrees, double layout[VARIABLES])
{
    layout_begin(layout);
#define AXIS(NAME, name, KINDS, SECTION, ...) AXIS_IN_LAYOUT_##SECTION(layout[VARIABLE_##NAME] = degrees->name;)
#include "estimate/axis.def"
#undef AXIS
}
