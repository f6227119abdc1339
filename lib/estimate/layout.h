/* Layouts: the axes that a job is laid out along, what follows from them, which layouts
 * are possible and why others are not. The only place that knows. */
#ifndef ESTIMATE_LAYOUT_H
#define ESTIMATE_LAYOUT_H

#include "estimate/job.h"

enum axis {
#define AXIS(NAME, ...) AXIS_##NAME,
#include "estimate/axis.def"
#undef AXIS
    AXES
};

/* Kinds of jobs, as sets. */
enum { KINDS_NONE, KINDS_TRAINING = 1 << JOB_TRAINING, KINDS_INFERENCE = 1 << JOB_INFERENCE, KINDS_BOTH = KINDS_TRAINING | KINDS_INFERENCE };

struct axis_info {
    enum variable variable;
    uint8_t kinds, shown; /* KINDS_ */
    bool whole, spreads, searched;
    double first, least, most;
    const char *label, *legend;
};
extern const struct axis_info layout_axes[AXES];

static inline bool axis_has(enum axis axis, enum job_kind kind)
{
    return layout_axes[axis].kinds >> kind & 1;
}

/* For tables made from axis.def: keeps what is of a kind of job, of a section, or searched. */
#define AXIS_OF_TRAINING_TRAINING(...) __VA_ARGS__
#define AXIS_OF_TRAINING_INFERENCE(...)
#define AXIS_OF_TRAINING_BOTH(...) __VA_ARGS__
#define AXIS_OF_INFERENCE_TRAINING(...)
#define AXIS_OF_INFERENCE_INFERENCE(...) __VA_ARGS__
#define AXIS_OF_INFERENCE_BOTH(...) __VA_ARGS__
#define AXIS_IN_LAYOUT_LAYOUT(...) __VA_ARGS__
#define AXIS_IN_LAYOUT_JOB(...)
#define AXIS_SEARCHED_COUNT(...) __VA_ARGS__
#define AXIS_SEARCHED_LOAD(...) __VA_ARGS__
#define AXIS_SEARCHED_FLAG(...)

/* Accelerators of one copy of the model. */
static inline lanes layout_ranks(const lanes v[VARIABLES])
{
    lanes ranks = lanes_of(1.0);
#define RANKS_SPREADS(x) ranks *= (x);
#define RANKS_STAYS(x)
#define AXIS(NAME, name, KINDS, SECTION, TYPE, RANKS, ...) RANKS_##RANKS(v[VARIABLE_##NAME])
#include "estimate/axis.def"
#undef AXIS
#undef RANKS_SPREADS
#undef RANKS_STAYS
    return ranks;
}

/* Every axis where it stands when nothing is said; other variables stay. */
void layout_begin(double layout[VARIABLES]);

/* layout_derive() for one layout. */
void layout_follow(const struct job *job, double layout[VARIABLES]);

/* Is one layout possible, with what follows from it? */
bool layout_is_possible(const struct job *job, const double layout[VARIABLES]);

/* Tells everything that makes a layout impossible, with its numbers; of a training job,
 * what the batch has to do with it at `batch`. The job's kind, model, batch, pool for
 * prefill and leave to be uneven must be known. */
void layout_explain(speedup_context *context, const struct job *job, const double layout[VARIABLES], const struct place *where,
                    const struct place *batch);

/* The same of the layout of the job's pool for prefill; `layout` has its accelerators. */
void layout_explain_front(speedup_context *context, const struct job *job, const double layout[VARIABLES], const struct place *where);

#endif
