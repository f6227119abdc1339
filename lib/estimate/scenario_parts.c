/* What all jobs share: names, optimizations, prices, coefficients and hardware become
 * numbers. Knows no kind of job but by its number, and no text. */
#include "estimate/scenario_parts.h"

#include "catalog/plain.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* An entry that the job names; told when there is none. */
static const void *named(speedup_context *context, const speedup_scenario *scenario, enum kind kind, const char *key,
                         const char *id)
{
    if (!id)
        return NULL;
    const struct entry *entry = catalog_find(scenario->catalog, kind, id);
    if (!entry) {
        struct place place = description_place(&scenario->asked, key);
        catalog_missing(context, scenario->catalog, kind, id, &place);
    }
    return entry;
}

/* The system, or a plain machine of the accelerator, that the job names. */
static const struct system *named_system(speedup_context *context, speedup_scenario *scenario)
{
    const char *name = scenario->asked.system;
    struct system room;
    const struct system *found = name ? system_find(scenario->catalog, name, &room) : NULL;
    if (found == &room) {
        struct system *kept = arena_zeroed(&scenario->arena, 1, sizeof *kept);
        if (kept)
            *kept = room;
        return kept;
    }
    return found ? found : named(context, scenario, KIND_SYSTEM, "system", name);
}

/* Some of the words of a key, where one was none. */
static void tell_words(speedup_context *context, const char *key, const struct optimization *optimization)
{
    enum { TOLD = 12 };
    struct text text;
    text_begin(&text, &context->allocator);
    for (uint32_t i = 0, told = 0; i < optimization->word_count && told <= TOLD; i++)
        if (!strcmp(optimization->words[i].key, key)) {
            text_format(&text, told < TOLD ? "%s '%s'" : ", and others", told ? "," : "its words are", optimization->words[i].word);
            told++;
        }
    if (!text.failed)
        problem_remedy(context, "%s", text.bytes);
    text_end(&text);
}

/* The keys that an optimization has, of numbers and of words. */
static void tell_keys(speedup_context *context, const struct optimization *optimization)
{
    struct text text;
    text_begin(&text, &context->allocator);
    for (uint32_t i = 0; i < optimization->word_count; i++)
        if (!i || strcmp(optimization->words[i].key, optimization->words[i - 1].key))
            text_format(&text, "%s '%s'", text.length ? "," : "it has", optimization->words[i].key);
    for (uint32_t i = 0; i < optimization->parameter_count; i++)
        text_format(&text, "%s '%s'", text.length ? "," : "it has", optimization->parameters[i].name);
    if (!text.failed)
        problem_remedy(context, "%s", text.length ? text.bytes : "it has none");
    text_end(&text);
}

/* Words of a key, of which the optimization knows some: their parameters are 1, the others of the key 0. */
static void set_words(speedup_context *context, const struct named_number *given, const struct optimization *optimization, double *values)
{
    uint64_t all = 0, set = 0;
    for (uint32_t i = 0; i < optimization->word_count; i++)
        all |= strcmp(optimization->words[i].key, given->name) ? 0 : optimization->words[i].parameters;
    for (const char **word = given->words; *word && !problems_full(context); word++) {
        uint64_t found = 0;
        for (uint32_t i = 0; i < optimization->word_count && !found; i++)
            if (!strcmp(optimization->words[i].key, given->name) && !strcmp(optimization->words[i].word, *word))
                found = optimization->words[i].parameters;
        set |= found;
        if (!found) {
            struct nearest nearest;
            nearest_begin(&nearest, *word, strlen(*word));
            for (uint32_t i = 0; i < optimization->word_count; i++)
                if (!strcmp(optimization->words[i].key, given->name))
                    nearest_offer(&nearest, optimization->words[i].word);
            struct text *text = problem_begin(context);
            text_format(text, "'%s' of '%s' has no word '%.60s'", given->name, optimization->head.id, *word);
            nearest_put(&nearest, text);
            problem_end(context, SPEEDUP_UNKNOWN_PARAMETER, &given->value_place);
            tell_words(context, given->name, optimization);
        }
    }
    for (uint32_t i = 0; i < optimization->parameter_count && i < MOST_WORDED; i++)
        if (all >> i & 1)
            values[i] = (double)(set >> i & 1);
}

static bool has_words(const struct optimization *optimization, const char *key)
{
    for (uint32_t i = 0; i < optimization->word_count; i++)
        if (!strcmp(optimization->words[i].key, key))
            return true;
    return false;
}

/* The value of a parameter of a choice, in its range. */
static void set_parameter(speedup_context *context, const struct named_number *number, const struct optimization *optimization,
                          double *values)
{
    struct nearest nearest;
    nearest_begin(&nearest, number->name, strlen(number->name));
    if (number->words && has_words(optimization, number->name)) {
        set_words(context, number, optimization, values);
        return;
    }
    for (uint32_t i = 0; i < optimization->word_count; i++)
        nearest_offer(&nearest, optimization->words[i].key);
    for (uint32_t i = 0; i < optimization->parameter_count; i++) {
        const struct parameter *parameter = &optimization->parameters[i];
        nearest_offer(&nearest, parameter->name);
        if (!strcmp(parameter->name, number->name)) {
            if (number->words) {
                problem(context, SPEEDUP_WRONG_TYPE, &number->value_place, "'%s' of '%s' is a number, not '%.60s'", number->name, optimization->head.id,
                        number->words[0] ? number->words[0] : "[]");
                return;
            }
            if (check_number(context, &number->value_place, number->name, DIMENSION_NONE, parameter->least, parameter->most, false, number->value))
                values[i] = number->value;
            return;
        }
    }
    struct text *text = problem_begin(context);
    text_format(text, "'%s' has no parameter '%.60s'", optimization->head.id, number->name);
    nearest_put(&nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_PARAMETER, &number->place);
    tell_keys(context, optimization);
}

bool selection_make(speedup_context *context, const speedup_catalog *catalog, enum job_kind job, struct arena *arena,
                    const struct choice *choice, struct selection *selection)
{
    selection->always = selection->published = selection->stands_in = false;
    selection->place = choice->place;
    selection->optimization = (const struct optimization *)catalog_find(catalog, KIND_OPTIMIZATION, choice->id);
    if (!selection->optimization) {
        optimization_missing(context, catalog, job, choice->id, &selection->place);
        return false;
    }
    uint32_t count = selection->optimization->parameter_count;
    selection->parameters = arena_zeroed(arena, count, sizeof *selection->parameters);
    if (!selection->parameters)
        return false;
    for (uint32_t i = 0; i < count; i++)
        selection->parameters[i] = selection->optimization->parameters[i].value;
    for (size_t i = 0; i < choice->parameters.count; i++)
        set_parameter(context, &choice->parameters.items[i], selection->optimization, selection->parameters);
    return true;
}

enum { MOST_SELECTIONS = 64 };

static void add_selections(speedup_context *context, speedup_scenario *scenario, const struct choices *choices)
{
    for (size_t i = 0; i < choices->count; i++) {
        const struct choice *choice = &choices->items[i];
        if (scenario->selection_count == MOST_SELECTIONS) {
            problem(context, SPEEDUP_TOO_MANY_NODES, &choice->place, "more than %d optimizations", MOST_SELECTIONS);
            return;
        }
        if (selection_make(context, scenario->catalog, scenario->job.kind, &scenario->arena, choice, &scenario->selections[scenario->selection_count]))
            scenario->selection_count++;
    }
}

/* What a job does without must exist; whether its software has it is nobody's business. */
static void check_without(speedup_context *context, const speedup_scenario *scenario)
{
    const struct choices *without = &scenario->asked.without;
    for (size_t i = 0; i < without->count; i++)
        if (!catalog_find(scenario->catalog, KIND_OPTIMIZATION, without->items[i].id))
            optimization_missing(context, scenario->catalog, scenario->job.kind, without->items[i].id, &without->items[i].place);
}

/* Does something that the job names take the place of an optimization? */
static bool yields(const speedup_scenario *scenario, const struct optimization *optimization)
{
    const struct choices *lists[] = {&scenario->asked.baseline, &scenario->asked.optimizations};
    for (int list = 0; list < 2; list++)
        for (size_t i = 0; i < lists[list]->count; i++) {
            const struct entry *named = catalog_find(scenario->catalog, KIND_OPTIMIZATION, lists[list]->items[i].id);
            if (named && optimizations_exclude((const struct optimization *)named, optimization))
                return true;
        }
    return false;
}

/* Does it act on the host's time to launch, as graphs do? */
static bool spares_launches(const struct optimization *optimization)
{
    for (uint32_t e = 0; e < optimization->effect_count; e++)
        if (optimization->effects[e].target == TARGET_LAUNCH_SECONDS)
            return true;
    return false;
}

/* What the software always has: part of the baseline, but where the job itself says
 * more, or does without it, or when it is for another kind of job. */
static void add_always(speedup_context *context, speedup_scenario *scenario)
{
    const struct job_description *d = &scenario->asked;
    const struct stack *stack = scenario->stack;
    struct choices always;
    if (!stack || !stack->always_tree ||
        !choices_read(context, &scenario->arena, stack->always_tree, stack->always_node, "always", &always))
        return;
    for (size_t i = 0; i < always.count && scenario->selection_count < MOST_SELECTIONS; i++) {
        struct selection selection;
        if (!selection_make(context, scenario->catalog, scenario->job.kind, &scenario->arena, &always.items[i], &selection))
            return;
        const char *id = always.items[i].id;
        selection.always = true;
        if (selection.optimization->applies[scenario->job.kind] && !choices_have(&d->baseline, id) && !choices_have(&d->optimizations, id) &&
            !choices_have(&d->without, id) && !(d->enforce_eager && spares_launches(selection.optimization)) && !yields(scenario, selection.optimization))
            scenario->selections[scenario->selection_count++] = selection;
    }
}

static bool lists(const char *const *words, const char *word, size_t length)
{
    for (; words && *words; words++)
        if (strlen(*words) == length && !memcmp(*words, word, length))
            return true;
    return false;
}

/* Has the chip products in the precisions that an optimization chooses? */
static bool runs_on(const struct accelerator *accelerator, const struct optimization *optimization)
{
    for (uint32_t e = 0; e < optimization->effect_count; e++) {
        const struct effect *effect = &optimization->effects[e];
        if ((effect->target == TARGET_MATMUL_PRECISION || effect->target == TARGET_EXPERT_PRECISION) && effect->precision >= 0 &&
            !(peak_of(accelerator, (enum precision)effect->precision) > 0))
            return false;
    }
    return true;
}

/* The precision that an optimization chooses for a target, -1 for none. */
static int32_t chosen_by(const struct optimization *optimization, enum target target)
{
    for (uint32_t e = 0; e < optimization->effect_count; e++)
        if (optimization->effects[e].target == target)
            return optimization->effects[e].precision;
    return -1;
}

/* Is it for the routed experts alone, of which the model has none? */
static bool is_for_others(const speedup_scenario *scenario, const struct optimization *optimization)
{
    return chosen_by(optimization, TARGET_EXPERT_WEIGHTS_PRECISION) >= 0 && chosen_by(optimization, TARGET_WEIGHTS_PRECISION) < 0 &&
           scenario->model->experts.count <= 0;
}

/* The optimization for a word of a model's file: of all that is said ("fp8-block-experts"), else of the part before a '-'. One that the
 * chip runs comes first, then one that stands in for it, then one that the chip will be refused for. */
static const struct optimization *find_published(const speedup_scenario *scenario, const char *word, size_t length, bool *stands_in)
{
    const speedup_catalog *catalog = scenario->catalog;
    for (; length; length = length ? length - 1 : 0) {
        const struct optimization *found[3] = {NULL};
        for (size_t i = catalog->entries[KIND_OPTIMIZATION].count; i--;) {
            const struct optimization *o = (const struct optimization *)catalog->entries[KIND_OPTIMIZATION].items[i];
            bool runs = !scenario->accelerator || runs_on(scenario->accelerator, o);
            if (is_for_others(scenario, o))
                continue;
            if (lists((const char *const *)o->files, word, length))
                found[runs ? 0 : 2] = o;
            else if (runs && lists((const char *const *)o->instead, word, length))
                found[1] = o;
        }
        for (int i = 0; i < 3; i++)
            if (found[i]) {
                *stands_in = i == 1;
                return found[i];
            }
        while (length && word[length - 1] != '-')
            length--;
    }
    return NULL;
}

bool chooses_weights(const struct optimization *optimization)
{
    return chosen_by(optimization, TARGET_WEIGHTS_PRECISION) >= 0 || chosen_by(optimization, TARGET_ATTENTION_WEIGHTS_PRECISION) >= 0 ||
           chosen_by(optimization, TARGET_EXPERT_WEIGHTS_PRECISION) >= 0;
}

static bool is_cache(const char *word, size_t length)
{
    return length > 6 && !memcmp(word + length - 6, "-cache", 6);
}

bool has_narrow_weights(const struct model *model)
{
    size_t length = model->quantized ? strcspn(model->quantized, " ") : 0;
    return length && !is_cache(model->quantized, length);
}

/* Do two optimizations choose how the same thing is kept: weights of whatever part, or the cache? */
static bool choose_alike(const struct optimization *a, const struct optimization *b)
{
    return (chooses_weights(a) && chooses_weights(b)) || (chosen_by(a, TARGET_KV_PRECISION) >= 0 && chosen_by(b, TARGET_KV_PRECISION) >= 0);
}

/* Does the job, or what its software always has, say otherwise? */
static bool is_overridden(const speedup_scenario *scenario, const struct optimization *optimization)
{
    const struct job_description *d = &scenario->asked;
    const struct choices *named[] = {&d->baseline, &d->optimizations};
    if (choices_have(&d->without, optimization->head.id))
        return true;
    for (size_t i = 0; i < scenario->selection_count; i++)
        if (optimizations_exclude(scenario->selections[i].optimization, optimization) || choose_alike(scenario->selections[i].optimization, optimization))
            return true;
    for (int list = 0; list < 2; list++)
        for (size_t i = 0; i < named[list]->count; i++) {
            const struct optimization *other = (const struct optimization *)catalog_find(scenario->catalog, KIND_OPTIMIZATION, named[list]->items[i].id);
            if (other && (other == optimization || optimizations_exclude(other, optimization) || choose_alike(other, optimization)))
                return true;
        }
    return false;
}

/* A setting of an engine goes to the parameters of that name of what its entry always has; does any have it? */
static bool set_parameters(const speedup_scenario *scenario, const char *name, double value)
{
    bool found = false;
    for (size_t i = 0; i < scenario->selection_count; i++) {
        const struct optimization *o = scenario->selections[i].optimization;
        for (uint32_t k = 0; k < o->parameter_count; k++)
            if (!strcmp(o->parameters[k].name, name)) {
                scenario->selections[i].parameters[k] = value > 0 ? value : scenario->selections[i].parameters[k];
                found = true;
            }
    }
    return found;
}

static void set_engine(speedup_context *context, speedup_scenario *scenario)
{
    const struct job_description *d = &scenario->asked;
    const struct {
        const char *name;
        double value;
    } settings[] = {
        {"gpu_memory_utilization", d->gpu_memory_utilization}, {"mem_fraction_static", d->mem_fraction_static},
        {"free_gpu_memory_fraction", d->free_gpu_memory_fraction}, {"max_model_len", d->max_model_len},
        {"max_num_seqs", d->max_num_seqs}, {"max_num_batched_tokens", d->max_num_batched_tokens},
    };
    enum { SETTINGS = sizeof settings / sizeof *settings };
    for (size_t i = 0; i < SETTINGS; i++) {
        if (!(settings[i].value > 0) || set_parameters(scenario, settings[i].name, settings[i].value))
            continue;
        struct place place = description_place(d, settings[i].name);
        const char *stack = d->stack ? d->stack : "software that is not named", *between = "it has";
        problem(context, SPEEDUP_UNKNOWN_KEY, &place, "'%.60s' has no setting '%s'", stack, settings[i].name);
        struct text text;
        text_begin(&text, &context->allocator);
        for (size_t k = 0; k < SETTINGS; k++)
            if (set_parameters(scenario, settings[k].name, 0)) {
                text_format(&text, "%s '%s'", between, settings[k].name);
                between = ",";
            }
        if (!text.failed)
            problem_remedy(context, "%s", text.length ? text.bytes : "name a serving engine as 'stack'");
        text_end(&text);
    }
}

/* The optimization that a word of a model's file, or of an engine, stands for, where the job does not say otherwise. */
static bool add_word(speedup_context *context, speedup_scenario *scenario, const char *word, size_t length, const char *key)
{
    bool cache = is_cache(word, length), file = !strcmp(key, "model"), stands_in = false;
    const struct optimization *found = find_published(scenario, word, length, &stands_in);
    if (!found && file && !cache && scenario->model->file_bits.feed_forward > 0)
        found = find_published(scenario, "any", 3, &stands_in);
    struct choice choice = {.id = found ? found->head.id : NULL, .place = description_place(&scenario->asked, key)};
    struct selection selection;
    if (found && found->applies[JOB_INFERENCE] && !is_overridden(scenario, found) && scenario->selection_count < MOST_SELECTIONS &&
        selection_make(context, scenario->catalog, scenario->job.kind, &scenario->arena, &choice, &selection)) {
        selection.always = true;
        selection.published = file;
        selection.stands_in = file && stands_in;
        if (file && !cache) {
            scenario->job.as_file = true;
            scenario->job.file_precision[0] = chosen_by(found, TARGET_WEIGHTS_PRECISION);
            scenario->job.file_precision[1] = chosen_by(found, TARGET_EXPERT_WEIGHTS_PRECISION);
        }
        scenario->selections[scenario->selection_count++] = selection;
    }
    return found;
}

/* What the model's file keeps narrower than in 16 bits. */
static void add_published(speedup_context *context, speedup_scenario *scenario)
{
    const char *word = scenario->model && scenario->job.kind == JOB_INFERENCE ? scenario->model->quantized : NULL;
    while (word && *word) {
        size_t length = strcspn(word, " ");
        add_word(context, scenario, word, length, "model");
        word += length;
        word += *word == ' ';
    }
}

/* What an engine is told to keep its cache in. */
static void add_cache(speedup_context *context, speedup_scenario *scenario)
{
    static const char *const wide[] = {"auto", "bf16", "bfloat16", "fp16", "float16", "f16"};
    const char *type = scenario->asked.kv_cache_dtype;
    static const char behind[] = "-cache";
    char word[40];
    for (size_t i = 0; type && i < sizeof wide / sizeof *wide; i++)
        if (!strcmp(type, wide[i]))
            return;
    if (!type)
        return;
    size_t length = strcspn(type, "_"), whole = length + sizeof behind - 1;
    if (whole < sizeof word) {
        memcpy(word, type, length);
        memcpy(word + length, behind, sizeof behind);
    }
    struct place place = description_place(&scenario->asked, "kv_cache_dtype");
    if (whole >= sizeof word || !add_word(context, scenario, word, whole, "kv_cache_dtype")) {
        problem(context, SPEEDUP_NOT_FOUND, &place, "nothing is known of a cache in '%.40s'", type);
        problem_remedy(context, "auto, bf16, fp8 and int8 are known");
    }
}

static void find_price(speedup_context *context, speedup_scenario *scenario)
{
    const struct asked_price *asked = &scenario->asked.price;
    scenario->job.price = asked->per_hour;
    if (!asked->id)
        return;
    scenario->price = (const struct price *)catalog_find(scenario->catalog, KIND_PRICE, asked->id);
    if (!scenario->price) {
        catalog_missing(context, scenario->catalog, KIND_PRICE, asked->id, &asked->place);
        return;
    }
    scenario->job.price = scenario->price->per_hour;
    if (scenario->accelerator && strcmp(scenario->price->accelerator_id, scenario->accelerator->head.id))
        problem(context, SPEEDUP_INCONSISTENT, &asked->place, "price '%s' is for '%s', but the job runs on '%s'", asked->id,
                scenario->price->accelerator_id, scenario->accelerator->head.id);
}

static bool calibrates(const struct calibration *calibration, uint32_t slot)
{
    for (uint32_t i = 0; i < calibration->count; i++)
        if (calibration->settings[i].slot == slot)
            return true;
    return false;
}

bool stack_serves(const speedup_scenario *scenario)
{
    const struct stack *stack = scenario->stack;
    return scenario->job.effects.base[TARGET_BATCHING] > 0 ||
           (stack && calibrates(&stack->calibration, scenario->catalog->known_slots[COEFFICIENT_LAYER_SECONDS]));
}

static void apply_calibration(double *values, const struct calibration *calibration)
{
    for (uint32_t i = 0; i < calibration->count; i++)
        values[calibration->settings[i].slot] = calibration->settings[i].value;
}

/* A coefficient that the job itself gives, in its range. */
static bool coefficient_set(speedup_context *context, const speedup_catalog *catalog, const struct named_number *number,
                            struct setting *setting)
{
    const struct coefficient *coefficient = (const struct coefficient *)catalog_find(catalog, KIND_COEFFICIENT, number->name);
    if (!coefficient) {
        catalog_missing(context, catalog, KIND_COEFFICIENT, number->name, &number->place);
        return false;
    }
    *setting = (struct setting){coefficient->slot, number->value};
    return check_number(context, &number->value_place, number->name, DIMENSION_NONE, coefficient->least, coefficient->most, false, number->value);
}

/* What is not known by measurement has wider intervals. A profile of the chip or of the software narrows them; values that
 * a job brings do not, unless they are those of the intervals themselves. */
static void set_generic(speedup_scenario *scenario)
{
    const uint32_t *slots = scenario->catalog->known_slots;
    const struct calibration *chip = &scenario->accelerator->calibration;
    bool training = scenario->job.kind == JOB_TRAINING;
    bool kernels = calibrates(chip, slots[training ? COEFFICIENT_MATMUL_EFFICIENCY : COEFFICIENT_STREAM_16]);
    bool steps = training && (calibrates(chip, slots[COEFFICIENT_TIME_SIGMA]) || calibrates(chip, slots[COEFFICIENT_TIME_SIGMA_EXPERT]));
    scenario->job.generic = !(kernels || steps) || (chip->provenance != PROVENANCE_MEASURED && chip->provenance != PROVENANCE_FITTED);
    /* A stack may stand on a measured one, and not be measured itself. */
    const struct stack *stack = scenario->stack;
    uint32_t software = slots[training ? COEFFICIENT_LIBRARY_RATE : COEFFICIENT_LAYER_SECONDS];
    scenario->job.generic_stack =
        !(stack && calibrates(&stack->calibration, software) && (!training || stack->provenance != PROVENANCE_GENERIC));
    double *memory = &scenario->job.c[COEFFICIENT_MEMORY_SIGMA];
    if (training && scenario->job.generic_stack)
        *memory = hypot(*memory, scenario->job.c[COEFFICIENT_SIGMA_MEMORY_STACK]);
}

/* Coefficients, from the general to the particular: catalog, accelerator, stack, job. */
static void gather_coefficients(speedup_context *context, speedup_scenario *scenario)
{
    const speedup_catalog *catalog = scenario->catalog;
    double *values = arena_zeroed(&scenario->arena, catalog->coefficient_slots, sizeof *values);
    struct calibration own = {0};
    if (!values)
        return;
    for (size_t i = 0; i < catalog->entries[KIND_COEFFICIENT].count; i++) {
        const struct coefficient *coefficient = (const struct coefficient *)catalog->entries[KIND_COEFFICIENT].items[i];
        values[coefficient->slot] = coefficient->value;
    }
    apply_calibration(values, &scenario->accelerator->calibration);
    if (scenario->stack)
        apply_calibration(values, &scenario->stack->calibration);
    const struct named_numbers *asked = &scenario->asked.calibration;
    own.settings = arena_zeroed(&scenario->arena, asked->count, sizeof *own.settings);
    for (size_t i = 0; own.settings && i < asked->count; i++)
        own.count += coefficient_set(context, catalog, &asked->items[i], &own.settings[own.count]);
    apply_calibration(values, &own);
    scenario->fixed.coefficients = values;
    scenario->fixed.catalog = catalog;
    for (int i = 0; i < KNOWN_COEFFICIENTS; i++)
        scenario->job.c[i] = values[catalog->known_slots[i]];
    set_generic(scenario);
}

static void fix_variables(speedup_scenario *scenario)
{
    const struct job *job = &scenario->job;
    double *fixed = scenario->fixed.variables;
    fixed[VARIABLE_SEQUENCE] = job->sequence;
    fixed[VARIABLE_GLOBAL_BATCH] = job->global_batch;
    fixed[VARIABLE_PROMPT] = job->inference.prompt;
    fixed[VARIABLE_OUTPUT] = job->inference.output;
    fixed[VARIABLE_LAYERS] = job->model->layers;
    fixed[VARIABLE_HIDDEN] = job->model->hidden;
    fixed[VARIABLE_HEADS] = job->model->heads;
    fixed[VARIABLE_KV_HEADS] = job->model->kv_heads;
    fixed[VARIABLE_HEAD_DIM] = job->model->head_dim;
    fixed[VARIABLE_FFN] = job->model->ffn;
    fixed[VARIABLE_VOCAB] = job->model->vocab;
    fixed[VARIABLE_EXPERTS] = job->model->experts.count;
    fixed[VARIABLE_ACTIVE_EXPERTS] = job->model->experts.active;
    fixed[VARIABLE_GATED] = job->model->ffn_kind == FEED_FORWARD_GATED;
    fixed[VARIABLE_PARAMETERS] = job->shape.parameters;
    fixed[VARIABLE_TABLE_PARAMETERS] = (2 - job->shape.tied) * job->shape.embedding;
    for (int i = 0; i < ADAPTED; i++)
        fixed[VARIABLE_QUERY_ENDS + i] = job->shape.ends[i];
    fixed[VARIABLE_MEMORY] = job->memory;
    fixed[VARIABLE_BANDWIDTH] = job->bandwidth;
    fixed[VARIABLE_LINK] = job->link;
    fixed[VARIABLE_NETWORK] = job->network;
    fixed[VARIABLE_HOST_LINK] = job->host_link;
    fixed[VARIABLE_NODE_ACCELERATORS] = job->node;
    fixed[VARIABLE_DOMAIN] = job->domain;
    fixed[VARIABLE_COMPUTE_CAPABILITY] = job->accelerator->compute_capability;
    fixed[VARIABLE_MEMORY_SHOWN] = job->memory * job->shown;
    fixed[VARIABLE_EXPERT_FFN] = job->model->experts.ffn;
    fixed[VARIABLE_WINDOW] = job->model->max_sequence;
    fixed[VARIABLE_PEAK_FP4] = job->accelerator->peak.rate[PEAK_FP4];
}

static void fill_hardware(speedup_scenario *scenario)
{
    /* Of chips whose driver's figure is known, the usual share; a figure out of reach is that of a chip with other memory. */
    const double usually_shown = 0.985, least_shown = 0.85;
    struct job *job = &scenario->job;
    const struct accelerator *accelerator = scenario->accelerator;
    const struct system *system = scenario->system;
    job->accelerator = accelerator;
    job->memory = accelerator->memory;
    double shown = accelerator->memory_shown / accelerator->memory;
    job->shown = shown > least_shown && shown <= 1 ? shown : usually_shown;
    job->bandwidth = accelerator->bandwidth;
    job->link = system->link > 0 ? system->link : accelerator->link;
    job->network = system->network;
    job->host_link = accelerator->host_link;
    /* A host of which nothing is known is not held to be full. */
    job->host_memory = system->host_memory > 0 ? system->host_memory : 1e300;
    job->host_bandwidth = system->host_bandwidth;
    job->nvme = system->nvme;
    job->host_speed = system->host_speed > 0 ? system->host_speed : 1;
    job->node = system->node_accelerators;
    job->domain = system->domain;
    job->failures = system->failures;
    job->power = system->node_power > 0 ? system->node_power / system->node_accelerators : accelerator->power;
}

bool check_window(speedup_context *context, const struct model *model, enum job_kind kind, double tokens, const struct place *place)
{
    if (!model || !(model->max_sequence > 0) || tokens <= model->max_sequence)
        return true;
    bool trains = kind == JOB_TRAINING && !(model->learned_positions > 0);
    (trains ? warning : problem)(context, SPEEDUP_TOO_LONG, place, "%.0f tokens are longer than the %.0f of '%s'", tokens, model->max_sequence,
                                 model->head.id);
    if (trains)
        problem_remedy(context, WINDOW_REMEDY);
    return false;
}

void scenario_gather(speedup_context *context, speedup_scenario *scenario)
{
    const struct job_description *d = &scenario->asked;
    scenario->confidence = d->confidence;
    scenario->job.relaxed = d->uneven;
    scenario->job.model = scenario->model = named(context, scenario, KIND_MODEL, "model", d->model);
    scenario->system = named_system(context, scenario);
    scenario->stack = named(context, scenario, KIND_STACK, "stack", d->stack);
    if (scenario->system)
        scenario->accelerator =
            (const struct accelerator *)catalog_find(scenario->catalog, KIND_ACCELERATOR, scenario->system->accelerator_id);
    scenario->selections = arena_zeroed(&scenario->arena, MOST_SELECTIONS, sizeof *scenario->selections);
    if (!scenario->selections)
        return;
    check_without(context, scenario);
    add_always(context, scenario);
    add_cache(context, scenario);
    add_published(context, scenario);
    add_selections(context, scenario, &d->baseline);
    scenario->baseline_count = scenario->selection_count;
    add_selections(context, scenario, &d->optimizations);
    set_engine(context, scenario);
    find_price(context, scenario);
    if (scenario->accelerator)
        gather_coefficients(context, scenario);
}

speedup_status scenario_prefix(speedup_context *context, const speedup_scenario *scenario, struct arena *arena,
                               size_t count, struct job *job)
{
    *job = scenario->job;
    speedup_status status = effects_resolve(context, arena, scenario->selections, count, job->kind, &scenario->fixed,
                                            &job->effects);
    struct place place = description_place(&scenario->asked, NULL);
    if (!status)
        job_set_precisions(context, job, &place);
    return context->first;
}

/* What can be made can be estimated: a layout that leaves nothing finite is told here, with its place. */
static speedup_status check_estimate(speedup_context *context, const speedup_scenario *scenario)
{
    lanes out[METRICS];
    job_evaluate(&scenario->job, scenario->variables, out);
    speedup_status status = (speedup_status)out[SPEEDUP_METRIC_STATUS][0];
    struct place place = description_place(&scenario->asked, NULL);
    if (status)
        problem(context, status, &place, "this job cannot be estimated: %s", speedup_status_text(status));
    return status;
}

speedup_status scenario_complete(speedup_context *context, speedup_scenario *scenario, const double layout[VARIABLES])
{
    struct job *job = &scenario->job, whole;
    if (scenario->arena.failed)
        return no_memory(context);
    if (context->first)
        return context->first;
    job->kernel = kernel_choose();
    shape_measure(job->model, &job->shape);
    inference_measure(job->model, &job->inference);
    fill_hardware(scenario);
    fix_variables(scenario);
    for (int i = 0; i < VARIABLES; i++)
        scenario->variables[i] =
            lanes_of(variables[i].scope == SCOPE_LAYOUT ? layout[i] : scenario->fixed.variables[i]);
    scenario_prefix(context, scenario, &scenario->arena, scenario->selection_count, &whole);
    check_needs(context, scenario->selections, scenario->selection_count);
    if (context->first)
        return context->first;
    *job = whole;
    if (scenario->open_layout)
        return SPEEDUP_OK;
    speedup_status status = effects_explain(context, &scenario->arena, &job->effects, scenario->variables);
    return status ? status : check_estimate(context, scenario);
}
