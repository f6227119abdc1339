/* Fitting coefficients to published times: least squares on logarithms, robust against
 * odd rows, held by a prior on every coefficient. Shipped values never enter a fit. The
 * priors stand in fit.c, which says which of them were set after errors had been seen. */
#ifndef TOOLS_VALIDATION_FIT_H
#define TOOLS_VALIDATION_FIT_H

#include "../command.h"
#include "rows.h"

/* A row to fit to or to judge. */
struct fit_row {
    const struct job *job;
    const char *group;          /* what its accelerator's own coefficients are shared by */
    const char *stack;          /* "" for none */
    const char *source;         /* for leaving out, never an input */
    bool serving;               /* times per output token and to the first; else of a training step */
    double measured;            /* s, over 0 */
    double weight;
    uint32_t configuration;     /* equal for rows of one configuration */
    double predicted;           /* after a fit */
    double first_measured, first_predicted; /* s to the first token; 0 for none */
};

/* One free coefficient. */
struct fit_coefficient {
    const char *name;    /* of the catalog's coefficient that it goes into; those of one name multiply */
    char scope[40]; /* "" for all rows, or a group of accelerators, or "stack:ID" */
    const char *also;    /* another of the catalog's that has the same value; NULL for none */
    double prior, sigma; /* centre, and standard deviation of the logarithm */
    double value;
};

struct fit {
    struct fit_coefficient *free;
    size_t count;
    void (*progress)(void *user, size_t evaluations); /* told of each full evaluation; NULL for nobody */
    void *user;
};

/* The free coefficients that the rows can tell something of, at their priors; `only`
 * keeps those of one group of accelerators (NULL: all). False without memory. */
bool fit_begin(struct fit *fit, const struct fit_row *rows, size_t count, const char *only);
void fit_end(struct fit *fit);

/* Fits to the rows with used[i], and predicts the others. False when it cannot. */
bool fit_rows(const struct session *session, struct fit *fit, struct fit_row *rows, size_t count, const bool *used);

/* Does a fit of everything say a value of the group's own? */
bool fit_is_of_group(const struct fit *fit, size_t index, const char *group);

/* A coefficient as the catalog takes it for a group: all parts multiplied, with the kernel's
 * own share. The generic value is that of group "". */
double fit_group_value(const struct fit *fit, size_t index, const char *group);

/* The same for the stack that a coefficient belongs to. */
double fit_stack_value(const struct fit *fit, size_t index);

/* Refits without each source, or each tenth of the configurations, in turn, and
 * predicts what was left out. `progress` is told after each. */
bool fit_leave_out(const struct session *session, struct fit_row *rows, size_t count, bool by_source,
                   void (*progress)(size_t done, size_t total));

/* Fits to all rows, predicts them, and prints the coefficients. */
bool fit_all(const struct session *session, struct fit_row *rows, size_t count);

/* The group that an accelerator shares its fitted coefficients with: its id up to '-'. */
void fit_group(const char *accelerator, char *group, size_t room);

#endif
