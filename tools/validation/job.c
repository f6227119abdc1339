#include "job.h"

#include <stdlib.h>
#include <string.h>

void job_skip(struct job *job, const char *format, const char *what)
{
    /* The format is a constant of this program. */
    if (!job->skipped[0])
        snprintf(job->skipped, sizeof job->skipped, format, what);
}

void job_set(struct job *job, const char *key, const char *value)
{
    struct job_field *field = &job->fields[job->field_count];
    if (job->field_count == JOB_FIELDS || strlen(key) >= sizeof field->key || strlen(value) >= sizeof field->value) {
        job_skip(job, "more than a job holds: '%.40s'", key);
        return;
    }
    snprintf(field->key, sizeof field->key, "%s", key);
    snprintf(field->value, sizeof field->value, "%s", value);
    job->field_count++;
}

void job_set_number(struct job *job, const char *key, double value)
{
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    job_set(job, key, text);
}

const char *job_get(const struct job *job, const char *key)
{
    for (size_t i = 0; i < job->field_count; i++)
        if (!strcmp(job->fields[i].key, key))
            return job->fields[i].value;
    return "";
}

double job_number(const struct job *job, const char *key)
{
    return strtod(job_get(job, key), NULL);
}

static struct job_pick *pick(struct job *job, const char *id, size_t length, bool without)
{
    for (size_t i = 0; i < job->pick_count; i++)
        if (strlen(job->picks[i].id) == length && !memcmp(job->picks[i].id, id, length) && job->picks[i].without == without)
            return &job->picks[i];
    struct job_pick *added = &job->picks[job->pick_count];
    if (job->pick_count == JOB_PICKS || length >= sizeof added->id) {
        job_skip(job, "more than a job holds: '%.40s'", id);
        return NULL;
    }
    *added = (struct job_pick){.without = without};
    memcpy(added->id, id, length);
    job->pick_count++;
    return added;
}

void job_parameter(struct job *job, struct job_pick *pick, const char *name, const char *value)
{
    if (!pick)
        return;
    if (pick->parameter_count == JOB_PARAMETERS || strlen(name) >= sizeof pick->names[0] || strlen(value) >= sizeof pick->values[0]) {
        job_skip(job, "more parameters than a job holds: '%.40s'", name);
        return;
    }
    snprintf(pick->names[pick->parameter_count], sizeof pick->names[0], "%s", name);
    snprintf(pick->values[pick->parameter_count++], sizeof pick->values[0], "%s", value);
}

struct job_pick *job_add(struct job *job, const char *rule)
{
    size_t length = strcspn(rule, " ");
    struct job_pick *added = length ? pick(job, rule, length, false) : NULL;
    for (rule += length; added && *rule;) {
        char name[24], value[24];
        rule += strspn(rule, " ");
        size_t end = strcspn(rule, " "), equals = strcspn(rule, "=");
        if (equals < end) {
            snprintf(name, sizeof name, "%.*s", (int)equals, rule);
            snprintf(value, sizeof value, "%.*s", (int)(end - equals - 1), rule + equals + 1);
            job_parameter(job, added, name, value);
        }
        rule += end;
    }
    return added;
}

void job_without(struct job *job, const char *ids)
{
    while (*ids) {
        size_t length = strcspn(ids, " ");
        if (length)
            pick(job, ids, length, true);
        ids += length + (ids[length] == ' ');
    }
}

bool job_equal(const struct job *a, const struct job *b)
{
    char one[JOB_YAML], other[JOB_YAML];
    job_yaml(a, one);
    job_yaml(b, other);
    return !strcmp(one, other);
}

static void mix(uint32_t *hash, const char *text)
{
    do
        *hash = (*hash ^ (unsigned char)*text) * 16777619u; /* FNV-1a */
    while (*text++);
}

uint32_t job_hash(const struct job *job, const char *but)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < job->field_count; i++)
        if (!but || strcmp(job->fields[i].key, but)) {
            mix(&hash, job->fields[i].key);
            mix(&hash, job->fields[i].value);
        }
    for (size_t i = 0; i < job->pick_count; i++) {
        const struct job_pick *p = &job->picks[i];
        mix(&hash, p->without ? "-" : "+");
        mix(&hash, p->id);
        for (size_t k = 0; k < p->parameter_count; k++) {
            mix(&hash, p->names[k]);
            mix(&hash, p->values[k]);
        }
    }
    return hash;
}

/* ---- YAML ----------------------------------------------------------------------------------- */

struct writer {
    char *text;
    size_t length;
};

static void put(struct writer *out, const char *a, const char *b, const char *c)
{
    int written = snprintf(out->text + out->length, JOB_YAML - out->length, "%s%s%s", a, b, c);
    out->length += written > 0 ? (size_t)written : 0;
    if (out->length >= JOB_YAML)
        out->length = JOB_YAML - 1;
}

static void put_indent(struct writer *out, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        put(out, "  ", "", "");
}

/* Is it an entry of the job's own catalog? */
static bool is_entry(const struct job_field *field)
{
    return !strncmp(field->key, "models.", 7) || !strncmp(field->key, "systems.", 8);
}

/* Keys with points nest, those of the job in its section. */
static void put_fields(const struct job *job, struct writer *out, bool entries)
{
    const char *above = "";
    size_t base = entries ? 0 : 1;
    for (size_t i = 0; i < job->field_count; i++) {
        const char *key = job->fields[i].key;
        if (is_entry(&job->fields[i]) != entries)
            continue;
        size_t depth = base, common = 0, at = 0;
        while (key[common] && key[common] == above[common])
            common++;
        while (key[at]) {
            size_t length = strcspn(key + at, ".");
            bool last = !key[at + length];
            if (last || common < at + length + 1) {
                char name[40];
                snprintf(name, sizeof name, "%.*s", (int)length, key + at);
                put_indent(out, depth);
                put(out, name, last ? ": " : ":\n", "");
                if (last)
                    put(out, job->fields[i].value, "\n", "");
            }
            at += length + !last;
            depth++;
        }
        above = key;
    }
}

static void put_picks(const struct job *job, struct writer *out)
{
    size_t has = 0, lacks = 0;
    for (size_t i = 0; i < job->pick_count; i++) {
        has += !job->picks[i].without;
        lacks += job->picks[i].without;
    }
    if (has)
        put(out, "  optimizations:\n", "", "");
    for (size_t i = 0; i < job->pick_count; i++) {
        const struct job_pick *p = &job->picks[i];
        if (p->without)
            continue;
        put(out, "    - ", p->id, p->parameter_count ? ": {" : "\n");
        for (size_t k = 0; k < p->parameter_count; k++) {
            put(out, k ? ", " : "", p->names[k], ": ");
            put(out, p->values[k], k + 1 == p->parameter_count ? "}\n" : "", "");
        }
    }
    if (lacks)
        put(out, "  without:\n", "", "");
    for (size_t i = 0; i < job->pick_count; i++)
        if (job->picks[i].without)
            put(out, "    - ", job->picks[i].id, "\n");
}

size_t job_yaml(const struct job *job, char text[JOB_YAML])
{
    struct writer out = {text, 0};
    text[0] = 0;
    put_fields(job, &out, true);
    put(&out, job->section ? job->section : "train", ":\n", "");
    put_fields(job, &out, false);
    put_picks(job, &out);
    return out.length;
}

/* ---- the library ---------------------------------------------------------------------------- */

/* A value as a number, where it is one. */
static bool is_number(const char *value, double *number)
{
    char *end;
    *number = strtod(value, &end);
    return *value && !*end;
}

/* How long the name of the entry is that a key begins with: "models.published". */
static size_t entry_length(const char *key)
{
    size_t section = strcspn(key, ".") + 1;
    return section + strcspn(key + section, ".");
}

/* The entry that a field of a job is the first of, from all its fields. */
static speedup_status describe_entry(speedup_context *context, const struct job *job, const char *name, speedup_entry **entry)
{
    char kind[40], id[40];
    double number;
    size_t length = entry_length(name), section = strcspn(name, ".");
    snprintf(kind, sizeof kind, "%.*s", (int)section, name);
    snprintf(id, sizeof id, "%.*s", (int)(length - section - 1), name + section + 1);
    speedup_status status = speedup_entry_create(context, kind, id, entry);
    for (size_t i = 0; i < job->field_count && !status; i++) {
        const struct job_field *field = &job->fields[i];
        if (strncmp(field->key, name, length) != 0 || field->key[length] != '.')
            continue;
        const char *key = field->key + length + 1;
        status = is_number(field->value, &number) ? speedup_entry_set_number(context, *entry, key, number)
                                                  : speedup_entry_set_text(context, *entry, key, field->value);
    }
    return status;
}

/* Is it the first field of its entry? */
static bool is_first(const struct job *job, size_t at)
{
    const char *key = job->fields[at].key;
    size_t length = entry_length(key);
    for (size_t i = 0; i < at; i++)
        if (!strncmp(job->fields[i].key, key, length + 1))
            return false;
    return true;
}

speedup_status job_catalog(const struct session *session, const struct job *job, speedup_catalog **catalog)
{
    speedup_status status = SPEEDUP_OK;
    *catalog = speedup_catalog_ref((speedup_catalog *)(uintptr_t)session->catalog);
    for (size_t i = 0; i < job->field_count && !status; i++) {
        if (!is_entry(&job->fields[i]) || !is_first(job, i))
            continue;
        speedup_catalog *base = *catalog;
        speedup_entry *entry = NULL;
        *catalog = NULL;
        status = describe_entry(session->context, job, job->fields[i].key, &entry);
        if (!status)
            status = speedup_catalog_add(session->context, base, entry, catalog);
        speedup_entry_destroy(entry);
        speedup_catalog_unref(base);
    }
    return status;
}

static speedup_status describe_field(speedup_context *context, const struct job_field *field, speedup_job *described)
{
    double number;
    return is_number(field->value, &number) ? speedup_job_set_number(context, described, field->key, number)
                                            : speedup_job_set_text(context, described, field->key, field->value);
}

size_t job_parameters(const struct job_pick *pick, const char *names[JOB_PARAMETERS], double values[JOB_PARAMETERS])
{
    for (size_t i = 0; i < pick->parameter_count; i++) {
        names[i] = pick->names[i];
        values[i] = strtod(pick->values[i], NULL);
    }
    return pick->parameter_count;
}

static speedup_status describe_pick(speedup_context *context, const struct job_pick *pick, speedup_job *described)
{
    const char *names[JOB_PARAMETERS];
    double values[JOB_PARAMETERS];
    size_t count = job_parameters(pick, names, values);
    return speedup_job_add(context, described, pick->without ? "without" : "optimizations", pick->id, names, values, count);
}

speedup_status job_scenario(const struct session *session, const struct job *job, const char *const *settings, size_t count,
                            speedup_scenario **scenario)
{
    speedup_context *context = session->context;
    speedup_catalog *catalog = NULL;
    speedup_job *described = NULL;
    *scenario = NULL;
    speedup_status status = job_catalog(session, job, &catalog);
    if (!status)
        status = speedup_job_create(context, job->section ? job->section : "train", &described);
    for (size_t i = 0; i < job->field_count && !status; i++)
        if (!is_entry(&job->fields[i]))
            status = describe_field(context, &job->fields[i], described);
    for (size_t i = 0; i < job->pick_count && !status; i++)
        status = describe_pick(context, &job->picks[i], described);
    for (size_t i = 0; i < count && !status; i++)
        status = speedup_job_apply(context, described, settings[i]);
    if (!status)
        status = speedup_scenario_create_job(context, catalog, described, scenario);
    speedup_job_destroy(described);
    speedup_catalog_unref(catalog);
    return status;
}

bool job_estimate(const struct session *session, const struct job *job, double *values, char why[REASON_TEXT])
{
    const struct options *o = session->options;
    speedup_scenario *scenario = NULL;
    speedup_status status = job_scenario(session, job, o->settings, o->setting_count, &scenario);
    if (!status)
        status = speedup_scenario_estimate(scenario, values, SPEEDUP_METRIC_COUNT);
    if (status) {
        const char *text = speedup_diagnostic_message(session->context, 0);
        snprintf(why, REASON_TEXT, "%s", text ? text : speedup_status_text(status));
    }
    speedup_scenario_unref(scenario);
    return !status;
}
