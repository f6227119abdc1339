#include "profile.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* Stacks that run PyTorch's kernels from PyTorch's host. */
static const char *const measured_stacks[] = {"pytorch", "pytorch-ddp", "hugging-face"};

/* All that a host takes: it goes with the speed of its processor. */
static const char *const host_times[] = {
    "host_forward", "host_backward", "host_again", "host_gather", "host_tensor",
    "host_adapter", "host_batch",    "host_step",  "host_optimizer",
};

double catalog_value(const struct session *session, const char *kind, const char *id, const char *field, double otherwise)
{
    double value;
    return speedup_catalog_number(session->catalog, kind, id, field, &value) ? otherwise : value;
}

static double calibrated(const struct session *session, const char *kind, const char *id, const char *name, double otherwise)
{
    char field[80];
    snprintf(field, sizeof field, "calibration.%s", name);
    return catalog_value(session, kind, id, field, otherwise);
}

double profile_get(const struct profile *profile, const char *name)
{
    const struct session *s = profile->session;
    double value = catalog_value(s, "coefficients", name, "value", 0);
    return calibrated(s, "stacks", profile->stack, name, calibrated(s, "accelerators", profile->accelerator, name, value));
}

static void put(const struct session *session, struct profile_value *values, size_t *count, const char *name, double value)
{
    double least = catalog_value(session, "coefficients", name, "least", 0), most = catalog_value(session, "coefficients", name, "most", INFINITY);
    size_t at = 0;
    while (at < *count && strcmp(values[at].name, name))
        at++;
    if (at == PROFILE_VALUES)
        return;
    *count += at == *count;
    values[at] = (struct profile_value){name, fmin(fmax(value, least), most)};
}

void profile_put_chip(struct profile *profile, const char *name, double value)
{
    put(profile->session, profile->chip, &profile->chip_count, name, value);
}

void profile_put_software(struct profile *profile, const char *name, double value)
{
    put(profile->session, profile->software, &profile->software_count, name, value);
}

void profile_put(struct profile *profile, const char *name, double value)
{
    if (isnan(calibrated(profile->session, "stacks", profile->stack, name, NAN)))
        profile_put_chip(profile, name, value);
    else
        profile_put_software(profile, name, value);
}

void profile_say(struct profile *profile, const char *format, const char *words)
{
    char harmless[160];
    size_t length = 0, at = strlen(profile->source);
    for (; *words && length + 1 < sizeof harmless; words++)
        if (isalnum((unsigned char)*words) || strchr(" .,+-_/()%", *words))
            harmless[length++] = *words;
    harmless[length] = 0;
    /* The format is a constant of this program. */
    snprintf(profile->source + at, sizeof profile->source - at, format, harmless);
}

static void write_values(const struct profile_value *values, size_t count, FILE *to)
{
    for (size_t i = 0; i < count; i++)
        fprintf(to, "      %s: %.4g\n", values[i].name, values[i].value);
}

static void write_stack(const struct profile *profile, const char *id, FILE *to)
{
    if (!command_has(profile->session, "stacks", id))
        return; /* a catalog need not have them all */
    fprintf(to, "  %s:\n    base: %s\n    replaces: true\n    calibration:\n", id, id);
    write_values(profile->software, profile->software_count, to);
    for (size_t i = 0; profile->host > 0 && i < sizeof host_times / sizeof *host_times; i++) {
        double seconds = calibrated(profile->session, "stacks", id, host_times[i], 0);
        if (seconds > 0)
            fprintf(to, "      %s: %.4g\n", host_times[i], seconds * profile->host);
    }
    fprintf(to, "    source: \"%s\"\n", profile->source);
}

void profile_write(const struct profile *profile, FILE *to)
{
    if (profile->chip_count || profile->provenance) {
        fprintf(to, "accelerators:\n  %s:\n    base: %s\n    replaces: true\n", profile->accelerator, profile->accelerator);
        if (profile->provenance)
            fprintf(to, "    provenance: %s\n", profile->provenance);
        if (profile->chip_count)
            fprintf(to, "    calibration:\n");
        write_values(profile->chip, profile->chip_count, to);
        fprintf(to, "    source: \"%s\"\n", profile->source);
    }
    if (!profile->software_count && !(profile->host > 0))
        return;
    fprintf(to, "stacks:\n");
    if (!profile->shared)
        write_stack(profile, profile->stack, to);
    for (size_t i = 0; profile->shared && i < sizeof measured_stacks / sizeof *measured_stacks; i++)
        write_stack(profile, measured_stacks[i], to);
}
