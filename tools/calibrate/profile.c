#include "profile.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { STACKS = 24 };

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

/* Whether the value is within its coefficient's range; it is put there if it is not. */
static bool put(const struct session *session, struct profile_value *values, size_t *count, const char *name, double value)
{
    double least = catalog_value(session, "coefficients", name, "least", 0), most = catalog_value(session, "coefficients", name, "most", INFINITY);
    size_t at = 0;
    while (at < *count && strcmp(values[at].name, name))
        at++;
    if (at == PROFILE_VALUES || isnan(catalog_value(session, "coefficients", name, "value", NAN)))
        return true;
    *count += at == *count;
    values[at] = (struct profile_value){name, fmin(fmax(value, least), most)};
    return value >= least && value <= most;
}

static void note_beyond(struct profile *profile, const char *name, double value, bool within)
{
    if (!within && !profile->beyond++)
        profile->first_beyond = (struct profile_value){name, value};
}

void profile_put_chip(struct profile *profile, const char *name, double value)
{
    note_beyond(profile, name, value, put(profile->session, profile->chip, &profile->chip_count, name, value));
}

void profile_put_software(struct profile *profile, const char *name, double value)
{
    note_beyond(profile, name, value, put(profile->session, profile->software, &profile->software_count, name, value));
}

void profile_put(struct profile *profile, const char *name, double value)
{
    if (isnan(calibrated(profile->session, "stacks", profile->stack, name, NAN)))
        profile_put_chip(profile, name, value);
    else
        profile_put_software(profile, name, value);
}

bool profile_doubtful(const struct profile *profile, FILE *to)
{
    const struct profile_value *v = &profile->first_beyond;
    if (profile->beyond)
        fprintf(to, "  %s came out as %.3g, where %g to %g can be%s\n", v->name, v->value, catalog_value(profile->session, "coefficients", v->name, "least", 0),
                catalog_value(profile->session, "coefficients", v->name, "most", INFINITY), profile->beyond > 1 ? ", as others did beyond their ranges" : "");
    return profile->beyond > 0;
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

/* What is written of an entry, whichever way. */
struct replacement {
    const char *kind, *id, *provenance; /* provenance: NULL as it was */
    struct profile_value values[PROFILE_VALUES];
    size_t count;
};

static struct replacement chip_of(const struct profile *profile)
{
    struct replacement made = {.kind = "accelerators", .id = profile->accelerator, .provenance = profile->provenance, .count = profile->chip_count};
    memcpy(made.values, profile->chip, sizeof made.values);
    return made;
}

/* All that a host takes goes with the speed of its processor. */
static struct replacement stack_of(const struct profile *profile, const char *id)
{
    const struct session *s = profile->session;
    struct replacement made = {.kind = "stacks", .id = id, .count = profile->software_count};
    memcpy(made.values, profile->software, sizeof made.values);
    const char *name;
    for (size_t i = 0; profile->host > 0 && !speedup_catalog_at(s->catalog, "coefficients", i, &name, NULL); i++) {
        double seconds = strncmp(name, "host_", 5) ? 0 : calibrated(s, "stacks", id, name, 0);
        if (seconds > 0)
            put(s, made.values, &made.count, name, seconds * profile->host);
    }
    return made;
}

/* Does software run the measured kernels from the measured host? Then it has that host's times. */
static bool is_of(const struct profile *profile, const char *id)
{
    return profile->shared ? !isnan(calibrated(profile->session, "stacks", id, "host_forward", NAN)) : !strcmp(id, profile->stack);
}

/* All entries that the profile has something of; how many. */
static size_t replacements(const struct profile *profile, struct replacement made[1 + STACKS])
{
    size_t count = 0;
    const char *id;
    if (profile->chip_count || profile->provenance)
        made[count++] = chip_of(profile);
    for (size_t i = 0; count <= STACKS && !speedup_catalog_at(profile->session->catalog, "stacks", i, &id, NULL); i++)
        if (is_of(profile, id))
            made[count] = stack_of(profile, id), count += made[count].count > 0;
    return count;
}

static speedup_status add(speedup_context *context, const struct replacement *made, const char *source, speedup_catalog **catalog)
{
    speedup_entry *entry = NULL;
    speedup_catalog *base = *catalog;
    speedup_status status = speedup_entry_create(context, made->kind, made->id, &entry);
    if (!status)
        status = speedup_entry_set_text(context, entry, "base", made->id);
    if (!status)
        status = speedup_entry_set_number(context, entry, "replaces", 1);
    if (!status && made->provenance)
        status = speedup_entry_set_text(context, entry, "provenance", made->provenance);
    for (size_t i = 0; i < made->count && !status; i++) {
        char key[80];
        snprintf(key, sizeof key, "calibration.%s", made->values[i].name);
        status = speedup_entry_set_number(context, entry, key, made->values[i].value);
    }
    if (!status)
        status = speedup_entry_set_text(context, entry, "source", source);
    if (!status)
        status = speedup_catalog_add(context, base, entry, catalog);
    if (!status)
        speedup_catalog_unref(base);
    speedup_entry_destroy(entry);
    return status;
}

speedup_status profile_catalog(const struct profile *profile, speedup_catalog **catalog)
{
    static struct replacement made[1 + STACKS];
    size_t count = replacements(profile, made);
    speedup_status status = SPEEDUP_OK;
    *catalog = speedup_catalog_ref((speedup_catalog *)(uintptr_t)profile->session->catalog);
    for (size_t i = 0; i < count && !status; i++)
        status = add(profile->session->context, &made[i], profile->source, catalog);
    return status;
}

void profile_write(const struct profile *profile, FILE *to)
{
    static struct replacement made[1 + STACKS];
    size_t count = replacements(profile, made);
    for (size_t i = 0; i < count; i++) {
        const struct replacement *m = &made[i];
        if (!i || strcmp(m->kind, made[i - 1].kind))
            fprintf(to, "%s:\n", m->kind);
        fprintf(to, "  %s:\n    base: %s\n    replaces: true\n", m->id, m->id);
        if (m->provenance)
            fprintf(to, "    provenance: %s\n", m->provenance);
        if (m->count)
            fprintf(to, "    calibration:\n");
        for (size_t k = 0; k < m->count; k++)
            fprintf(to, "      %s: %.4g\n", m->values[k].name, m->values[k].value);
        fprintf(to, "    source: \"%s\"\n", profile->source);
    }
}
