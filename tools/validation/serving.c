/* From the columns of published inference rows to jobs. What words stand for is said by the
 * tables of words/, with reasons; here is how they come together.
 *  - Names: accelerators by `cards`, else as training rows are found. Models by `models`, or by the longest id of the catalog that their name
 *    holds, letters and digits alone; a smaller or distilled relative (`relatives`) is another
 *    model. A shape in columns goes before the catalog.
 *  - Software: the engine names the stack (`engines`, `engine_versions`).
 *  - Requests stay in step where all have the same lengths: column `fixed_lengths` says so;
 *    without it a source_locator may (`notes`).
 *  - Precisions: labels have one spelling (`labels`), which goes to optimizations
 *    (`checkpoints`), and that of the cache (`caches`), which static rows have a column for.
 *  - Layout: attention_data as published, tensor parallelism over the rest. Of an
 *    engine that splits layers (`engines`) accelerators are pipeline stages. Static rows that
 *    publish no degree are taken as tensor parallel.
 *  - Comparisons: which two jobs one is of, and what is added to the second (`comparisons`).
 *  - Offline rows (a maximum throughput, the batch chosen by the engine) are a service
 *    with more requests than it takes: 2,048 a rank, as that engine's benchmark asks. */
#include "serving.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const serving_columns[] = {"id", "source", "model", "gpu", "n_gpus", "weights_precision", "concurrency",
                                       "in_len", "out_len", "engine", "measured_tpot_ms", NULL};
const char *const generation_columns[] = {"id", "source", "model", "gpu", "n_gpus", "weights_precision", "batch",
                                          "in_len", "out_len", "engine", NULL};

/* ---- names ---------------------------------------------------------------------------- */

/* Lower-case letters and digits alone, behind the organization. */
static struct name squeezed(const char *text)
{
    struct name name = {{0}};
    const char *slash = strrchr(text, '/');
    size_t length = 0;
    for (text = slash ? slash + 1 : text; *text && length + 1 < sizeof name.text; text++)
        if (isalnum((unsigned char)*text))
            name.text[length++] = (char)tolower((unsigned char)*text);
    return name;
}

static const char *find_accelerator(const struct words *words, const char *published)
{
    struct name name = id_like(published);
    for (size_t i = 0; i < words_count(words, TABLE_CARDS); i++)
        if (word_is(words, TABLE_CARDS, i, "name", name.text))
            return accelerator_id(words, word_of(words, TABLE_CARDS, i, "id"));
    const char *id = accelerator_id(words, published);
    for (size_t i = 0; !id && isdigit((unsigned char)published[0]) && i < words_count(words, TABLE_CARDS); i++) {
        char card[64];
        snprintf(card, sizeof card, "%s %s", word_of(words, TABLE_CARDS, i, "before_digits"), published);
        id = *word_of(words, TABLE_CARDS, i, "before_digits") ? accelerator_id(words, card) : NULL;
    }
    return id;
}

static const char *find_model(const struct words *words, const char *published)
{
    struct name name = squeezed(published);
    for (size_t i = 0; i < words_count(words, TABLE_MODELS); i++)
        if (begins(name.text, word_of(words, TABLE_MODELS, i, "begins")))
            return model_id(words, word_of(words, TABLE_MODELS, i, "id"));
    const char *best = NULL, *id, *rest = "";
    size_t longest = 0;
    for (size_t i = 0; speedup_catalog_at(words->catalog, "models", i, &id, NULL) == SPEEDUP_OK; i++) {
        struct name known = squeezed(id);
        size_t length = strlen(known.text);
        const char *at = strstr(name.text, known.text);
        if (at && length > longest) {
            best = id;
            longest = length;
            rest = at + length;
        }
    }
    for (size_t i = 0; i < words_count(words, TABLE_RELATIVES); i++)
        if (strstr(rest, word_of(words, TABLE_RELATIVES, i, "holds")))
            return NULL;
    return best;
}

static double of_model(const struct words *words, const char *model, const char *field)
{
    return number_in_catalog(words, "models", model, field);
}

static const char *kind_of(const struct words *words, const char *model)
{
    if (of_model(words, model, "attention.kv_rank") > 0)
        return "latent";
    return of_model(words, model, "experts.count") > 0 ? "expert" : "dense";
}

/* The rule for an engine; the last is for all others. */
static size_t engine_rule(const struct words *words, const char *engine)
{
    struct name name = squeezed(engine);
    size_t i = 0;
    while (i + 1 < words_count(words, TABLE_ENGINES) && !strstr(name.text, word_of(words, TABLE_ENGINES, i, "holds")))
        i++;
    return i;
}

/* The stack of an engine: its rule's own, or (of static batches) what it is there. */
static const char *stack_of(const struct words *words, const char *engine, bool fixed)
{
    size_t i = engine_rule(words, engine);
    const char *other = word_of(words, TABLE_ENGINES, i, "static_stack");
    return fixed && *other ? other : word_of(words, TABLE_ENGINES, i, "stack");
}

/* A label of a precision in its one spelling; as it is where no rule knows it. */
static const char *label_of(const struct words *words, const char *label)
{
    struct name name = squeezed(label);
    if (!*label)
        return "bf16";
    for (size_t i = 0; i < words_count(words, TABLE_LABELS); i++)
        if (begins(name.text, word_of(words, TABLE_LABELS, i, "begins")))
            return word_of(words, TABLE_LABELS, i, "label");
    return label;
}

/* Is a version of three numbers below another? Anything else is recent. */
static bool before(const char *version, const char *other)
{
    int a[3], b[3];
    if (sscanf(version, "%d.%d.%d", &a[0], &a[1], &a[2]) != 3 || sscanf(other, "%d.%d.%d", &b[0], &b[1], &b[2]) != 3)
        return false;
    for (int i = 0; i < 3; i++)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}

/* An older version of a stack, which another entry describes. */
static const char *version_of(const struct words *words, const char *stack, const char *version, bool fixed)
{
    for (size_t i = 0; i < words_count(words, TABLE_ENGINE_VERSIONS); i++)
        if (word_is(words, TABLE_ENGINE_VERSIONS, i, "stack", stack) &&
            word_allows(word_of(words, TABLE_ENGINE_VERSIONS, i, "fixed_lengths"), fixed) &&
            before(version, word_of(words, TABLE_ENGINE_VERSIONS, i, "below")))
            return word_of(words, TABLE_ENGINE_VERSIONS, i, "becomes");
    return stack;
}

/* ---- the parts of a job ------------------------------------------------------------------- */

/* A dense model in numbers, as the columns of static rows give it. */
struct shape {
    double layers, hidden, heads, kv_heads, ffn, vocab;
    bool gated;
};

static void put_shape(struct job *job, const struct shape *s)
{
    job_set_number(job, "models.published.layers", s->layers);
    job_set_number(job, "models.published.hidden", s->hidden);
    job_set_number(job, "models.published.heads", s->heads);
    job_set_number(job, "models.published.kv_heads", s->kv_heads);
    job_set_number(job, "models.published.ffn", s->ffn);
    job_set(job, "models.published.ffn_kind", s->gated ? "gated" : "plain");
    job_set_number(job, "models.published.vocab", s->vocab);
}

/* Nodes of eight, and domains of the system that the accelerator usually stands in; the network matters beyond
 * them alone. */
static void put_system(const struct words *words, struct job *job, const char *accelerator, const char *network)
{
    double domain = number_in_catalog(words, "systems", usual_system(words, accelerator), "scale_up_domain");
    job_set(job, "systems.published.accelerator", accelerator);
    job_set(job, "systems.published.accelerators_per_node", "8");
    job_set_number(job, "systems.published.scale_up_domain", domain > 0 ? domain : 8);
    job_set(job, "systems.published.network", network);
}

/* A job of either section: its head, requests and layout. */
struct requests {
    const char *section, *model, *stack, *load; /* load: the key of `count` */
    double accelerators, count, prompt, output, tensor, pipeline, attention_data;
};

static void put_requests(struct job *job, const struct requests *r)
{
    job->section = r->section;
    job_set(job, "model", r->model);
    job_set(job, "system", "published");
    if (r->stack)
        job_set(job, "stack", r->stack);
    job_set_number(job, "accelerators", r->accelerators);
    job_set_number(job, r->load, r->count);
    job_set_number(job, "prompt", fmax(r->prompt, 1));
    job_set_number(job, "output", fmax(r->output, 1));
    job_set(job, "uneven", "true");
    job_set_number(job, "layout.tensor", r->tensor);
    job_set_number(job, "layout.pipeline", r->pipeline);
    job_set_number(job, "layout.attention_data", r->attention_data);
}

/* ---- precisions --------------------------------------------------------------------------- */

/* What decides on precisions. */
struct checkpoint {
    const char *model; /* id in the catalog, "" for a dense shape */
    const char *weights, *experts; /* labels; experts "" as the weights */
    bool mixture, blackwell;
};

static bool is(const char *label, const char *name)
{
    return !strcmp(label, name);
}

static bool begins_one_of(const char *text, const char *list)
{
    bool any = !*list;
    while (*list && !any) {
        size_t length = strcspn(list, "|");
        any = !strncmp(text, list, length);
        list += length + (list[length] == '|');
    }
    return any;
}

/* The rule for a checkpoint; the count of rules for none. */
static size_t checkpoint_rule(const struct words *words, const struct checkpoint *c)
{
    const char *experts = *c->experts ? c->experts : c->weights;
    size_t i = 0;
    for (; i < words_count(words, TABLE_CHECKPOINTS); i++) {
        const char *weights = word_of(words, TABLE_CHECKPOINTS, i, "weights"), *own = word_of(words, TABLE_CHECKPOINTS, i, "experts");
        bool same = is(own, "same") ? !c->mixture || is(experts, c->weights) : !*own || is_one_of(experts, own);
        if (begins_one_of(c->model, word_of(words, TABLE_CHECKPOINTS, i, "model")) && same && (!*weights || is_one_of(c->weights, weights)) &&
            word_allows(word_of(words, TABLE_CHECKPOINTS, i, "mixture"), c->mixture) &&
            word_allows(word_of(words, TABLE_CHECKPOINTS, i, "blackwell"), c->blackwell))
            break;
    }
    return i;
}

static void put_weights(const struct words *words, const struct checkpoint *c, struct job *job)
{
    size_t rule = checkpoint_rule(words, c);
    if (rule < words_count(words, TABLE_CHECKPOINTS)) {
        job_add(job, word_of(words, TABLE_CHECKPOINTS, rule, "optimization"));
        return;
    }
    char said[80];
    snprintf(said, sizeof said, "%.25s%s%.25s", c->weights, *c->experts ? ", experts " : "", c->experts);
    job_skip(job, "precision '%s'", said);
}

/* The cache that an engine's recipe has for a checkpoint. */
static void put_usual_cache(const struct words *words, const struct checkpoint *c, const char *stack, struct job *job)
{
    for (size_t i = 0; i < words_count(words, TABLE_CACHES); i++) {
        const char *own = word_of(words, TABLE_CACHES, i, "stack");
        if (word_is(words, TABLE_CACHES, i, "published", "") && (!*own || is(own, stack)) && is_one_of(c->weights, word_of(words, TABLE_CACHES, i, "weights")) &&
            word_allows(word_of(words, TABLE_CACHES, i, "blackwell"), c->blackwell) &&
            word_allows(word_of(words, TABLE_CACHES, i, "mixture"), c->mixture)) {
            job_add(job, word_of(words, TABLE_CACHES, i, "optimization"));
            return;
        }
    }
}

/* The cache that a row publishes. */
static void put_published_cache(const struct words *words, const char *published, struct job *job)
{
    const char *label = label_of(words, published);
    size_t i = 0;
    while (i < words_count(words, TABLE_CACHES) && !word_is(words, TABLE_CACHES, i, "published", label))
        i++;
    if (i < words_count(words, TABLE_CACHES))
        job_add(job, word_of(words, TABLE_CACHES, i, "optimization"));
    else if (!is(label, "bf16"))
        job_skip(job, "precision of the cache '%.60s'", published);
}

static bool is_blackwell(const struct words *words, const char *accelerator)
{
    return number_in_catalog(words, "accelerators", accelerator, "peak.fp4") > 0;
}

/* ---- serving ------------------------------------------------------------------------------ */

static const char *text_of(const struct csv *csv, size_t row, const char *column)
{
    return csv_text(csv, row, csv_column(csv, column));
}

/* Numbers of a row by their columns; false after saying in the job which is none. */
struct wanted {
    const char *column;
    double otherwise, *value;
    bool whole;
};

static bool read_numbers(const struct csv *csv, size_t row, const struct wanted *wanted, size_t count, struct job *job)
{
    char why[REASON_TEXT];
    for (size_t i = 0; i < count; i++) {
        int at = csv_column(csv, wanted[i].column);
        if (!(wanted[i].whole ? csv_count : csv_number)(csv, row, at, wanted[i].otherwise, why, sizeof why, wanted[i].value)) {
            job_skip(job, "%s", why);
            return false;
        }
    }
    return true;
}

static bool has_fixed_lengths(const struct words *words, const struct csv *csv, size_t row, struct job *job)
{
    const char *said = text_of(csv, row, "fixed_lengths"), *place = text_of(csv, row, "source_locator");
    for (size_t i = 0; *said && (i = word_rule(words, TABLE_FLAGS, said, i)) < words_count(words, TABLE_FLAGS); i++)
        if (word_is(words, TABLE_FLAGS, i, "column", "fixed_lengths"))
            return word_is(words, TABLE_FLAGS, i, "says", "yes");
    if (*said)
        job_skip(job, "fixed_lengths '%.60s'", said);
    for (size_t i = 0; i < words_count(words, TABLE_NOTES); i++)
        if (word_is(words, TABLE_NOTES, i, "what", "fixed_lengths") && holds(place, word_of(words, TABLE_NOTES, i, "words")))
            return true;
    return false;
}

void serving_read(const struct words *words, const struct csv *csv, size_t row, struct inference_run *run)
{
    double gpus, data, concurrency, prompt, output, token, first;
    *run = (struct inference_run){.kind = "", .engine = "", .phase = "", .suspect = "", .metric = SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN};
    struct job *job = &run->job;
    const struct wanted wanted[] = {
        {"n_gpus", 0, &gpus, true}, {"attention_dp", 1, &data, true}, {"concurrency", 0, &concurrency, true}, {"in_len", 0, &prompt, true},
        {"out_len", 0, &output, true}, {"measured_tpot_ms", 0, &token, false}, {"measured_ttft_ms", 0, &first, false},
    };
    if (!read_numbers(csv, row, wanted, sizeof wanted / sizeof *wanted, job))
        return;
    run->measured = token / 1e3;
    run->first_measured = first / 1e3;
    const char *published = text_of(csv, row, "model"), *gpu = text_of(csv, row, "gpu");
    const char *model = find_model(words, published), *accelerator = find_accelerator(words, gpu);
    if (!model)
        job_skip(job, "model '%.60s' is not in the catalog", published);
    if (!accelerator)
        job_skip(job, "accelerator '%.40s' is not in the catalog", gpu);
    if (gpus <= 0 || concurrency <= 0 || prompt <= 0 || output <= 0)
        job_skip(job, "%s", "accelerators, concurrency or lengths not published");
    if (token <= 0)
        job_skip(job, "%s", "no time per output token");
    bool fixed = has_fixed_lengths(words, csv, row, job);
    if (job->skipped[0])
        return;
    const char *stack = stack_of(words, text_of(csv, row, "engine"), false), *experts = text_of(csv, row, "moe_precision");
    run->engine = stack;
    run->kind = kind_of(words, model);
    run->model = model;
    run->accelerator = accelerator;
    run->generation = is_blackwell(words, accelerator) ? "blackwell" : "before-blackwell";
    data = fmax(1, data);
    struct checkpoint checkpoint = {.model = model, .weights = label_of(words, text_of(csv, row, "weights_precision")),
                                    .experts = *experts ? label_of(words, experts) : "",
                                    .mixture = of_model(words, model, "experts.count") > 0, .blackwell = is_blackwell(words, accelerator)};
    put_system(words, job, accelerator, "400 GB/s");
    put_requests(job, &(struct requests){.section = "serve", .model = model, .load = "concurrency", .accelerators = gpus,
                                         .stack = version_of(words, stack, text_of(csv, row, "engine_version"), fixed),
                                         .count = concurrency, .prompt = prompt, .output = output,
                                         .tensor = gpus / data, .pipeline = 1, .attention_data = data});
    job_set(job, "fixed_lengths", fixed ? "true" : "false");
    job_set_number(job, "requests", 10 * concurrency); /* as its benchmark sends */
    job_set(job, "client_latency", "25 ms");
    if (*word_of(words, TABLE_ENGINES, engine_rule(words, text_of(csv, row, "engine")), "sequences"))
        job_set_number(job, "max_num_seqs", fmax(concurrency, 1));
    put_weights(words, &checkpoint, job);
    put_usual_cache(words, &checkpoint, run->engine, job);
}

/* ---- static batches ----------------------------------------------------------------------- */

/* What was measured, and the metric that is; false where a number is none. */
static bool measure(const struct csv *csv, size_t row, double batch, double output, double gpus, struct inference_run *run)
{
    double prefill, first, token, rate;
    const struct wanted wanted[] = {
        {"measured_prefill_ms", 0, &prefill, false}, {"measured_ttft_ms", 0, &first, false},
        {"measured_decode_ms_per_token", 0, &token, false}, {"measured_tokens_per_s", 0, &rate, false},
    };
    if (!read_numbers(csv, row, wanted, sizeof wanted / sizeof *wanted, &run->job))
        return false;
    if (is(text_of(csv, row, "measured_tokens_per_s_kind"), "per_gpu_out"))
        rate *= gpus;
    if (is(run->phase, "offline")) {
        run->metric = SPEEDUP_METRIC_TOKENS_PER_SECOND;
        run->measured = rate;
        run->is_rate = true;
    } else if (prefill > 0 || first > 0) {
        run->phase = "prefill";
        run->metric = SPEEDUP_METRIC_PREFILL_SECONDS;
        run->measured = (prefill > 0 ? prefill : first) / 1e3;
    } else if (token > 0) {
        run->phase = "decode";
        run->metric = SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN;
        run->measured = token / 1e3;
    } else {
        run->phase = "whole";
        run->metric = SPEEDUP_METRIC_REQUEST_SECONDS;
        run->measured = rate > 0 ? batch * output / rate : 0;
    }
    return true;
}

/* Why a row is judged apart; "" for no reason. */
static const char *suspect_of(const struct words *words, const struct inference_run *run, const char *accelerator, const char *weights)
{
    for (size_t i = 0; i < words_count(words, TABLE_SUSPECTS); i++)
        if (word_is(words, TABLE_SUSPECTS, i, "stack", run->engine) && word_is(words, TABLE_SUSPECTS, i, "phase", run->phase) &&
            word_is(words, TABLE_SUSPECTS, i, "weights", weights) && word_is(words, TABLE_SUSPECTS, i, "accelerator", accelerator))
            return word_of(words, TABLE_SUSPECTS, i, "why");
    return "";
}

/* Requests of an offline run, all sent at once, by their lengths. No more of them are in flight. */
static double offline_requests(const struct words *words, double prompt, double output)
{
    for (size_t i = 0; i < words_count(words, TABLE_OFFLINE); i++)
        if (word_number(words, TABLE_OFFLINE, i, "prompt") == prompt && word_number(words, TABLE_OFFLINE, i, "output") == output)
            return word_number(words, TABLE_OFFLINE, i, "requests");
    return 1e9;
}

void generation_read(const struct words *words, const struct csv *csv, size_t row, struct inference_run *run)
{
    struct shape shape = {0};
    double gpus, tensor, pipeline, batch = 0, prompt, output;
    const char *engine = text_of(csv, row, "engine"), *gpu = text_of(csv, row, "gpu"), *ffn_kind = text_of(csv, row, "ffn_kind");
    const char *weights = label_of(words, text_of(csv, row, "weights_precision"));
    *run = (struct inference_run){.kind = "dense", .engine = "", .phase = "", .suspect = ""};
    struct job *job = &run->job;
    bool offline = begins(text_of(csv, row, "batch"), "max");
    const struct wanted wanted[] = {
        {"layers", 0, &shape.layers, true}, {"hidden", 0, &shape.hidden, true}, {"heads", 0, &shape.heads, true},
        {"kv_heads", 0, &shape.kv_heads, true}, {"ffn", 0, &shape.ffn, true}, {"vocab", 32000, &shape.vocab, true},
        {"n_gpus", 1, &gpus, true}, {"tp", 1, &tensor, true}, {"pp", 1, &pipeline, true}, {"in_len", 0, &prompt, true},
        {"out_len", 0, &output, true}, {"batch", 0, &batch, true},
    };
    run->phase = offline ? "offline" : "";
    if (!read_numbers(csv, row, wanted, sizeof wanted / sizeof *wanted - offline, job) || !measure(csv, row, batch, output, gpus, run))
        return;
    size_t feed_forward = word_rule(words, TABLE_FEED_FORWARD, ffn_kind, 0);
    const char *stack = stack_of(words, engine, true), *accelerator = find_accelerator(words, gpu);
    const char *published = text_of(csv, row, "model"), *known = find_model(words, published);
    bool columns = shape.layers > 0 && shape.hidden > 0 && shape.heads > 0 && shape.kv_heads > 0 && shape.ffn > 0;
    shape.gated = word_is(words, TABLE_FEED_FORWARD, feed_forward, "kind", "gated");
    if (!accelerator)
        job_skip(job, "accelerator '%.40s' is not in the catalog", gpu);
    if (!columns && !known)
        job_skip(job, "shape of the model '%.60s'", published);
    if (columns && *ffn_kind && feed_forward == words_count(words, TABLE_FEED_FORWARD))
        job_skip(job, "ffn_kind '%.60s'", ffn_kind);
    if (!offline && batch <= 0)
        job_skip(job, "%s", "no batch");
    if (run->measured <= 0)
        job_skip(job, "%s", "no time or rate");
    if (job->skipped[0])
        return;
    run->engine = stack;
    run->suspect = suspect_of(words, run, accelerator, weights);
    const char *model = columns ? "published" : known;
    if (columns)
        put_shape(job, &shape);
    else
        run->kind = kind_of(words, known);
    put_system(words, job, accelerator, "200 GB/s"); /* 8 x 200 Gbit/s, as the notes of the rows over several nodes say */
    struct requests requests = {.section = "generate", .model = model, .stack = stack, .load = "batch", .accelerators = gpus,
                                .count = batch, .prompt = prompt, .output = output, .tensor = tensor, .pipeline = pipeline,
                                .attention_data = 1};
    struct checkpoint checkpoint = {.model = columns ? "" : known, .weights = weights, .experts = "",
                                    .mixture = !columns && of_model(words, known, "experts.count") > 0,
                                    .blackwell = is_blackwell(words, accelerator)};
    if (!*text_of(csv, row, "tp") && !*text_of(csv, row, "pp"))
        requests.tensor = gpus;
    if (word_is(words, TABLE_ENGINES, engine_rule(words, engine), "splits", "layers")) {
        requests.tensor = 1;
        requests.pipeline = gpus;
    }
    if (offline) {
        requests.section = "serve";
        requests.load = "concurrency";
        requests.attention_data = checkpoint.mixture ? gpus : 1;
        requests.tensor = gpus / requests.attention_data;
        requests.count = fmin(2048 * requests.attention_data, offline_requests(words, prompt, output));
    }
    put_requests(job, &requests);
    put_weights(words, &checkpoint, job);
    put_published_cache(words, text_of(csv, row, "kv_precision"), job);
}

/* ---- comparisons -------------------------------------------------------------------------- */

/* A shape by the name that a publication gives it. */
static struct shape shape_named(const struct words *words, const char *name)
{
    size_t i = 0;
    while (i < words_count(words, TABLE_SHAPES) && !word_is(words, TABLE_SHAPES, i, "name", name))
        i++;
    return (struct shape){word_number(words, TABLE_SHAPES, i, "layers"), word_number(words, TABLE_SHAPES, i, "hidden"),
                          word_number(words, TABLE_SHAPES, i, "heads"), word_number(words, TABLE_SHAPES, i, "kv_heads"),
                          word_number(words, TABLE_SHAPES, i, "ffn"), word_number(words, TABLE_SHAPES, i, "vocab"),
                          word_is(words, TABLE_SHAPES, i, "gated", "yes")};
}

/* The number behind a word, as in "batch8", "alpha=0.7"; 0 without. */
static double behind(const char *text, const char *word)
{
    for (const char *at = text; (at = find(at, word)) && *at; at++) {
        const char *rest = at + strlen(word);
        rest += strspn(rest, " =");
        if (isdigit((unsigned char)*rest))
            return strtod(rest, NULL);
    }
    return 0;
}

/* The first run of words of the workload that names a model. */
static const char *model_in(const struct words *words, const char *workload)
{
    char begin[96];
    snprintf(begin, sizeof begin, "%.*s", (int)strcspn(workload, ",;("), workload);
    const char *stop = find(begin, " batch");
    if (stop)
        begin[stop - begin] = 0;
    const char *found = find_model(words, begin);
    char *blank = strchr(begin, ' ');
    if (!found && blank) {
        *blank = 0;
        found = find_model(words, begin);
    }
    return found;
}

/* A published comparison, and the rule of comparisons.csv that says which jobs it is of. */
struct comparison {
    const struct words *words;
    const struct csv *csv;
    size_t row, rule;
};

/* The first rule whose words each column holds; the last of them has none. */
static size_t comparison_rule(const struct words *words, const struct csv *csv, size_t row)
{
    static const struct {
        const char *column, *words;
    } matched[] = {{"category", "category"}, {"notes", "notes"}, {"optimization", "optimization"}, {"optimization", "more"},
                   {"workload", "workload"}, {"metric", "metric"}};
    size_t rule = 0, same = 0, count = sizeof matched / sizeof *matched;
    for (; rule < words_count(words, TABLE_COMPARISONS) && same < count; rule += same < count)
        for (same = 0; same < count && holds(text_of(csv, row, matched[same].column), word_of(words, TABLE_COMPARISONS, rule, matched[same].words));)
            same++;
    return rule;
}

/* A quantity of a rule: a number as it stands, or the column and the word that the number stands behind, as in
 * "workload batch", and then so much at least. 0 where the rule has none. */
static double quantity(const struct comparison *c, const char *column, double least)
{
    const char *said = word_of(c->words, TABLE_COMPARISONS, c->rule, column), *word = strchr(said, ' ');
    char from[40];
    if (!word)
        return strtod(said, NULL);
    snprintf(from, sizeof from, "%.*s", (int)(word - said), said);
    return fmax(least, behind(text_of(c->csv, c->row, from), word + 1));
}

/* The optimizations that a rule says to be the difference, "a|b". */
static void put_added(const struct comparison *c, struct inference_ablation *ablation)
{
    double acceptance = quantity(c, "acceptance", 0), tokens = quantity(c, "draft_tokens", 0), cost = 0;
    const char *added = word_of(c->words, TABLE_COMPARISONS, c->rule, "add");
    bool drafts = *word_of(c->words, TABLE_COMPARISONS, c->rule, "acceptance");
    for (size_t i = 0; drafts && i < words_count(c->words, TABLE_DRAFTS); i++)
        if (find(text_of(c->csv, c->row, "optimization"), word_of(c->words, TABLE_DRAFTS, i, "draft")))
            cost = word_number(c->words, TABLE_DRAFTS, i, "cost");
    if (drafts && (acceptance <= 0 || tokens <= 0 || cost <= 0))
        job_skip(&ablation->job[0], "%s", "acceptance, length or cost of the draft not published");
    while (*added) {
        char pick[120];
        int length = (int)strcspn(added, "|");
        if (drafts)
            snprintf(pick, sizeof pick, "%.*s acceptance=%g draft_tokens=%g draft_cost=%g", length, added, acceptance, tokens, cost);
        else
            snprintf(pick, sizeof pick, "%.*s", length, added);
        job_add(&ablation->job[1], pick);
        added += length + (added[length] == '|');
    }
}

/* One job twice, with a stack each. */
static void put_sides(const struct comparison *c, struct inference_ablation *ablation, const char *accelerator, const struct shape *shapes,
                      const struct requests *both)
{
    for (int side = 0; side < 2; side++) {
        struct job *job = &ablation->job[side];
        struct requests r = *both;
        const char *stack = word_of(c->words, TABLE_COMPARISONS, c->rule, side ? "with" : "without");
        r.stack = *stack ? stack : NULL;
        if (shapes)
            put_shape(job, &shapes[side]);
        put_system(c->words, job, accelerator, "200 GB/s");
        put_requests(job, &r);
    }
}

/* A metric by its name; time for a token where there is none. */
static int32_t metric_named(const char *name)
{
    speedup_word word = {.struct_size = sizeof word};
    for (size_t i = 0; speedup_metric_at(i, &word) == SPEEDUP_OK; i++)
        if (is(word.name, name))
            return (int32_t)i;
    return SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN;
}

bool inference_ablation_read(const struct words *words, const struct csv *csv, size_t row,
                             struct inference_ablation *ablation)
{
    const char *category = text_of(csv, row, "category"), *workload = text_of(csv, row, "workload");
    const char *hardware = text_of(csv, row, "hardware");
    bool inference = false;
    for (size_t i = 0; i < words_count(words, TABLE_ELSEWHERE); i++)
        inference |= word_is(words, TABLE_ELSEWHERE, i, "reason", "inference") && holds(category, word_of(words, TABLE_ELSEWHERE, i, "words"));
    if (!inference)
        return false;
    *ablation = (struct inference_ablation){.metric = SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN,
                                            .is_rate = is(text_of(csv, row, "better"), "higher")};
    /* "8xA100" is eight of them; a power cap in brackets is not followed. */
    double gpus = fmax(1, strtod(hardware, NULL));
    const char *card = isdigit((unsigned char)hardware[0]) && strchr(hardware, 'x') ? strchr(hardware, 'x') + 1 : hardware;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(card, "("), card);
    const char *accelerator = find_accelerator(words, name);
    gpus = card == hardware ? 1 : gpus;
    struct comparison c = {words, csv, row, comparison_rule(words, csv, row)};
    const char *skip = word_of(words, TABLE_COMPARISONS, c.rule, "skip"), *own = word_of(words, TABLE_COMPARISONS, c.rule, "shape");
    const char *model = *own ? "published" : model_in(words, workload);
    if (!accelerator)
        job_skip(&ablation->job[0], "%s", "accelerator not in the catalog");
    if (*skip || c.rule == words_count(words, TABLE_COMPARISONS))
        job_skip(&ablation->job[0], "%s", *skip ? skip : "no rule of comparisons.csv fits");
    if (!model)
        job_skip(&ablation->job[0], "model of '%.60s' is not in the catalog", workload);
    if (ablation->job[0].skipped[0])
        return true;
    struct shape shapes[2] = {shape_named(words, own), shape_named(words, own)};
    double kv_heads = quantity(&c, "kv_heads", 1);
    shapes[1].kv_heads = kv_heads > 0 ? kv_heads : shapes[1].kv_heads;
    ablation->metric = metric_named(word_of(words, TABLE_COMPARISONS, c.rule, "measured"));
    put_sides(&c, ablation, accelerator, *own ? shapes : NULL,
              &(struct requests){.section = "generate", .model = model, .load = "batch", .accelerators = gpus,
                                 .count = quantity(&c, "batch", 1) * (word_is(words, TABLE_COMPARISONS, c.rule, "batch_per_accelerator", "yes") ? gpus : 1),
                                 .prompt = quantity(&c, "prompt", 1), .output = quantity(&c, "output", 2), /* one behind the first */
                                 .tensor = gpus, .pipeline = 1, .attention_data = 1});
    put_added(&c, ablation);
    return true;
}
