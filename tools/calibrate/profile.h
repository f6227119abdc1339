/* What a calibration found, as entries of a catalog: an accelerator's, and those of the software that
 * was measured on it. */
#ifndef TOOLS_CALIBRATE_PROFILE_H
#define TOOLS_CALIBRATE_PROFILE_H

#include "../command.h"

#include <stdio.h>

enum { PROFILE_VALUES = 96, PROFILE_SOURCE = 400 };

struct profile_value {
    const char *name;
    double value;
};

struct profile {
    const struct session *session;
    const char *accelerator, *stack; /* stack: "" for none */
    bool shared;                     /* what the software has goes to all stacks that have host times */
    struct profile_value chip[PROFILE_VALUES], software[PROFILE_VALUES];
    size_t chip_count, software_count;
    double host;          /* this host's times over those that the stacks have; 0: not measured */
    size_t beyond;        /* values that came out beyond what their coefficients can be, and the first of them */
    struct profile_value first_beyond;
    const char *provenance; /* of the accelerator; NULL: as it was */
    char source[PROFILE_SOURCE];
};

/* A number of the catalog, `otherwise` where there is none. */
double catalog_value(const struct session *session, const char *kind, const char *id, const char *field, double otherwise);

/* A coefficient as a job on the accelerator has it with the stack, without values of its own. */
double profile_get(const struct profile *profile, const char *name);

/* Puts a value, within its coefficient's range, where it takes effect: a stack's own goes before the chip's. */
void profile_put(struct profile *profile, const char *name, double value);
void profile_put_chip(struct profile *profile, const char *name, double value);
void profile_put_software(struct profile *profile, const char *name, double value);

/* Did values come out beyond what their coefficients can be? Tells of the first. */
bool profile_doubtful(const struct profile *profile, FILE *to);

/* Words of a file that was read, added to the source; what YAML or a terminal could take amiss is left out. */
void profile_say(struct profile *profile, const char *format, const char *words);

/* The session's catalog with the profile; a new reference. */
speedup_status profile_catalog(const struct profile *profile, speedup_catalog **catalog);

/* The profile as YAML. */
void profile_write(const struct profile *profile, FILE *to);

#endif
