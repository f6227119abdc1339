/* Catalogs: entries by kind and id, each catalog extending another. Knows how an
 * entry is found, overridden and based on another, not what estimates make of it. */
#include "catalog/catalog.h"
#include "catalog/command.h"
#include "catalog/plain.h"

#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_ID = 64, LONGEST_BASE_CHAIN = 32 };

/* An entry while its file is read. */
struct draft {
    struct entry *entry;
    enum { UNREAD, READING, READ } state;
    bool broken; /* its base could not be read: what it lacks would only repeat that */
};

struct extension {
    speedup_context *context;
    const speedup_catalog *base;
    speedup_catalog *made;
    struct draft *drafts[KINDS];
    size_t count[KINDS];
    int chain;
};

bool valid_id(const char *id)
{
    size_t length = strlen(id);
    for (size_t i = 0; i < length; i++) {
        char c = id[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && (i == 0 || (c != '-' && c != '_' && c != '.')))
            return false;
    }
    return length > 0 && length <= LONGEST_ID;
}

bool valid_name(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return length > 0 && length <= LONGEST_ID;
}

uint32_t entry_node(const struct entry *entry, const char *key)
{
    return entry->tree ? yaml_find(entry->tree, entry->node, key) : 0;
}

/* The deepest node on the way of a path that is there. */
static uint32_t node_along(const struct yaml_tree *tree, uint32_t node, const char *path)
{
    while (path && *path) {
        char key[LONGEST_ID + 1];
        size_t length = strcspn(path, "."), kept = length < sizeof key - 1 ? length : sizeof key - 1;
        memcpy(key, path, kept);
        key[kept] = '\0';
        uint32_t next = yaml_find(tree, node, key);
        if (!next)
            break;
        node = next;
        path += length + (path[length] == '.');
    }
    return node;
}

/* Is this the path itself, or the beginning of it up to a point? */
static bool leads(const char *beginning, const char *path)
{
    size_t length = strlen(beginning);
    return !strncmp(beginning, path, length) && (!path[length] || path[length] == '.');
}

struct place entry_place(const struct entry *entry, const char *path)
{
    if (entry->tree)
        return yaml_place(entry->tree, node_along(entry->tree, entry->node, path));
    const struct path_place *found = NULL;
    for (size_t i = 0; path && i < entry->origin->count; i++) {
        const struct path_place *at = &entry->origin->paths[i];
        if (leads(at->path, path) && (!found || strlen(at->path) > strlen(found->path)))
            found = at;
    }
    return found ? found->place : entry->origin->place;
}

/* Where an id stands, or would stand, in entries sorted by id. */
static size_t position(struct entry *const *items, size_t count, const char *id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(items[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct entry *catalog_find(const speedup_catalog *catalog, enum kind kind, const char *id)
{
    if (!catalog)
        return NULL;
    size_t at = position(catalog->entries[kind].items, catalog->entries[kind].count, id);
    if (at < catalog->entries[kind].count && !strcmp(catalog->entries[kind].items[at]->id, id))
        return catalog->entries[kind].items[at];
    return NULL;
}

static void offer_entry(struct nearest *nearest, enum kind kind, const struct entry *entry)
{
    nearest_offer(nearest, entry->id);
    const char **also = kind == KIND_OPTIMIZATION ? ((const struct optimization *)entry)->also : NULL;
    for (; also && *also; also++)
        nearest_offer_as(nearest, *also, entry->id);
}

/* Has a model as many parameters as one of the sizes among the words of a name ("7b", "1.5b") says, where there is any? */
static bool has_size(const struct entry *entry, const char *words)
{
    const struct model *model = (const struct model *)entry;
    struct model_size size;
    bool any = false;
    model_measure(model, &size);
    for (const char *c = words; *c; c += strcspn(c, "-_ "), c += *c != '\0') {
        size_t length = strcspn(c, "-_ "), used;
        double billions;
        if (length < 2 || c[length - 1] != 'b' || number_parse(c, length - 1, &billions, &used) != NUMBER_OK || used != length - 1)
            continue;
        if (fabs(size.total / 1e9 / billions - 1) < 0.3)
            return true;
        any = true;
    }
    return !any;
}

/* A model by a name of elsewhere ("Qwen/Qwen3-8B", "Meta-Llama-3-8B-Instruct"): the longest run of its words that is an id,
 * whatever stands between letters. False where there is none. */
static bool find_by_words(const speedup_catalog *catalog, enum kind kind, const char *name, char words[LONGEST_ID + 1], struct nearest *found)
{
    const char *owner = strrchr(name, '/');
    size_t length = 0;
    for (const char *c = owner ? owner + 1 : name; *c && length < LONGEST_ID; c++)
        words[length++] = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    words[length] = '\0';
    for (size_t size = length; size >= 4; size--)
        for (size_t from = 0; from + size <= length; from++) {
            bool begins = !from || strchr("-_ ", words[from - 1]), ends = from + size == length || strchr("-_ ", words[from + size]);
            if (!begins || !ends)
                continue;
            for (size_t i = 0; i < catalog->entries[kind].count; i++)
                if (text_same_letters(words + from, size, catalog->entries[kind].items[i]->id) && has_size(catalog->entries[kind].items[i], words)) {
                    nearest_begin(found, words + from, size);
                    nearest_offer(found, catalog->entries[kind].items[i]->id);
                    return true;
                }
        }
    return false;
}

static void tell_missing(speedup_context *context, const speedup_catalog *catalog, enum kind kind, const char *id, struct nearest *nearest,
                         const struct place *place)
{
    if (!problems_full(context))
        for (size_t i = 0; catalog && i < catalog->entries[kind].count; i++)
            offer_entry(nearest, kind, catalog->entries[kind].items[i]);
    char words[LONGEST_ID + 1];
    struct nearest known;
    if (kind == KIND_MODEL && catalog && nearest->distance > 0 && !problems_full(context) && find_by_words(catalog, kind, id, words, &known))
        *nearest = known;
    bool system = kind == KIND_SYSTEM && catalog;
    if (system && !problems_full(context))
        system_nearest(catalog, id, nearest);
    struct text *text = problem_begin(context);
    text_format(text, "there is no %s '%.60s'", kinds[kind].singular, id);
    bool several = system && system_put_like(catalog, id, text);
    if (!several)
        nearest_put(nearest, text);
    problem_end(context, SPEEDUP_UNKNOWN_ENTRY, place);
    if (several)
        problem_remedy(context, "name one of these for a plain machine of it, or a system ('speedup catalog list systems')");
    else
        problem_remedy(context, "list what there is ('speedup catalog list %s'), or add the entry", kinds[kind].section);
}

void catalog_missing(speedup_context *context, const speedup_catalog *catalog, enum kind kind, const char *id,
                     const struct place *place)
{
    struct nearest nearest;
    nearest_begin(&nearest, id, strlen(id));
    tell_missing(context, catalog, kind, id, &nearest, place);
}

void optimization_missing(speedup_context *context, const speedup_catalog *catalog, enum job_kind job, const char *id,
                          const struct place *place)
{
    struct nearest nearest;
    nearest_begin(&nearest, id, strlen(id));
    for (size_t i = 0; i < catalog->entries[KIND_OPTIMIZATION].count && !problems_full(context); i++) {
        const struct entry *entry = catalog->entries[KIND_OPTIMIZATION].items[i];
        if (((const struct optimization *)entry)->applies[job])
            offer_entry(&nearest, KIND_OPTIMIZATION, entry);
    }
    tell_missing(context, catalog, KIND_OPTIMIZATION, id, &nearest, place);
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(const struct draft *)a).entry->id, (*(const struct draft *)b).entry->id);
}

static struct draft *find_draft(const struct extension *extension, enum kind kind, const char *id)
{
    size_t low = 0, high = extension->count[kind];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(extension->drafts[kind][middle].entry->id, id);
        if (!order)
            return &extension->drafts[kind][middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool add_draft(struct extension *extension, enum kind kind, size_t *room, struct entry *entry)
{
    void *items = extension->drafts[kind];
    if (!memory_grow(&extension->context->allocator, &items, room, extension->count[kind], sizeof(struct draft)))
        return false;
    extension->drafts[kind] = items;
    extension->drafts[kind][extension->count[kind]++] = (struct draft){.entry = entry, .state = UNREAD};
    return true;
}

/* Makes a draft of every entry of a section. */
static bool draft_section(struct extension *extension, const struct yaml_tree *tree, uint32_t section,
                          enum kind kind, size_t *room)
{
    speedup_context *context = extension->context;
    const struct yaml_node *nodes = tree->nodes;
    if (!expect_kind(context, tree, section, YAML_MAPPING, kinds[kind].section))
        return true;
    for (uint32_t key = nodes[section].first; key && !problems_full(context); key = nodes[nodes[key].next].next) {
        const char *id = yaml_text(tree, key);
        struct place place = yaml_place(tree, key);
        if (!valid_id(id)) {
            problem(context, SPEEDUP_BAD_NAME, &place,
                    "'%.70s' is no name for an entry of '%s': use lower-case letters, digits, '-', '_' and '.', at most %d",
                    id, kinds[kind].section, LONGEST_ID);
            continue;
        }
        if (!expect_kind(context, tree, nodes[key].next, YAML_MAPPING, id))
            continue;
        struct entry *entry = arena_zeroed(&extension->made->arena, 1, kinds[kind].size);
        if (!entry)
            return false;
        entry->id = id;
        entry->tree = tree;
        entry->node = nodes[key].next;
        if (!add_draft(extension, kind, room, entry))
            return false;
    }
    return true;
}

static bool known_section(const char *name, const char *const *ignored)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (!strcmp(kinds[kind].section, name))
            return true;
    for (; ignored && *ignored; ignored++)
        if (!strcmp(*ignored, name))
            return true;
    return false;
}

const char *document_command(const char *section)
{
    static const struct {
        const char *section, *command;
    } documents[] = {{"train", "estimate"}, {"serve", "estimate"}, {"generate", "estimate"}, {"plan", "plan"}, {"claims", "audit"}};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        if (!strcmp(documents[i].section, section))
            return documents[i].command;
    return NULL;
}

static void check_top_level(speedup_context *context, const struct yaml_tree *tree, const char *const *ignored)
{
    for (uint32_t key = yaml_at(tree, tree->root)->first; key && !problems_full(context);
         key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key);
        if (known_section(name, ignored))
            continue;
        struct nearest nearest;
        nearest_begin(&nearest, name, yaml_at(tree, key)->length);
        for (int kind = 0; kind < KINDS; kind++)
            nearest_offer(&nearest, kinds[kind].section);
        for (const char *const *other = ignored; other && *other; other++)
            nearest_offer(&nearest, *other);
        struct place place = yaml_place(tree, key);
        struct text *text = problem_begin(context);
        text_format(text, "unknown section '%.60s'", name);
        const char *command = document_command(name);
        if (command)
            text_format(text, ": that is for 'speedup %s'", command);
        else
            nearest_put(&nearest, text);
        problem_end(context, SPEEDUP_UNKNOWN_KEY, &place);
        if (command)
            problem_remedy(context, "give this file to 'speedup %s'", command);
    }
}

static bool draft_all(struct extension *extension, const struct yaml_tree *trees, size_t tree_count,
                      const char *const *ignored)
{
    size_t room[KINDS] = {0};
    for (size_t t = 0; t < tree_count; t++) {
        if (!expect_kind(extension->context, &trees[t], trees[t].root, YAML_MAPPING, "the document"))
            continue;
        check_top_level(extension->context, &trees[t], ignored);
        for (int kind = 0; kind < KINDS; kind++) {
            uint32_t section = yaml_find(&trees[t], trees[t].root, kinds[kind].section);
            if (section && !draft_section(extension, &trees[t], section, (enum kind)kind, &room[kind]))
                return false;
        }
    }
    for (int kind = 0; kind < KINDS; kind++) {
        if (!extension->count[kind])
            continue;
        qsort(extension->drafts[kind], extension->count[kind], sizeof(struct draft), by_id);
        for (size_t i = 1; i < extension->count[kind]; i++) {
            const struct entry *entry = extension->drafts[kind][i].entry;
            if (!strcmp(extension->drafts[kind][i - 1].entry->id, entry->id)) {
                struct place place = yaml_place(entry->tree, entry->node);
                problem(extension->context, SPEEDUP_EXISTS, &place, "%s '%s' is given in two files",
                        kinds[kind].singular, entry->id);
            }
        }
    }
    return true;
}

static void read_draft(struct extension *extension, enum kind kind, struct draft *draft);

/* The entry that `base:` names, read; NULL after a problem. */
static const struct entry *find_base(struct extension *extension, enum kind kind, const struct entry *entry,
                                     uint32_t node)
{
    const char *id;
    struct place place = yaml_place(entry->tree, node);
    if (!read_text(extension->context, entry->tree, node, "base", &id))
        return NULL;
    struct draft *draft = find_draft(extension, kind, id);
    /* An entry that replaces another may be based on the one it replaces. */
    if (draft && !(draft->entry == entry && catalog_find(extension->base, kind, id))) {
        if (draft->state == READING || extension->chain >= LONGEST_BASE_CHAIN) {
            problem(extension->context, SPEEDUP_CIRCULAR_BASE, &place,
                    draft->state == READING ? "'%s' is based on itself, through 'base: %s'"
                                            : "'%s' stands on too long a chain of bases, from 'base: %s'",
                    entry->id, id);
            return NULL;
        }
        read_draft(extension, kind, draft);
        return draft->entry;
    }
    const struct entry *found = catalog_find(extension->base, kind, id);
    if (!found)
        catalog_missing(extension->context, extension->base, kind, id, &place);
    return found;
}

static void check_replaces(struct extension *extension, enum kind kind, const struct entry *entry)
{
    const struct entry *older = catalog_find(extension->base, kind, entry->id);
    struct place place = entry_place(entry, NULL);
    if (older && !entry->replaces)
        problem(extension->context, SPEEDUP_EXISTS, &place, "%s '%s' exists already; %s", kinds[kind].singular,
                entry->id, entry->tree ? "add 'replaces: true' to override it" : "give it another id");
    if (!older && entry->replaces)
        problem(extension->context, SPEEDUP_NOTHING_TO_REPLACE, &place, "there is no %s '%s' to replace",
                kinds[kind].singular, entry->id);
}

/* What follows from the fields of an entry, by kind. */
static void finish(struct extension *extension, enum kind kind, struct entry *entry);

/* The fields of an entry from its mapping, over those of its base. */
static void read_entry(struct extension *extension, enum kind kind, struct draft *draft)
{
    static const char *const also[] = {"base", NULL};
    struct entry *entry = draft->entry;
    uint32_t node = yaml_find(entry->tree, entry->node, "base");
    if (node) {
        const struct entry *base = find_base(extension, kind, entry, node);
        const struct draft *other = base ? find_draft(extension, kind, base->id) : NULL;
        draft->broken = !base || (other && other->entry == base && other->broken);
        if (base) {
            struct entry own = *entry;
            memcpy(entry, base, kinds[kind].size);
            entry->id = own.id;
            entry->name = entry->notes = NULL;
            entry->tree = own.tree;
            entry->node = own.node;
            entry->origin = NULL;
            entry->replaces = false;
            if (kind == KIND_FAMILY)
                *(struct family *)entry = (struct family){.head = *entry, .parent = (const struct family *)base,
                                                          .others = ((const struct family *)base)->others};
            if (kind == KIND_OPTIMIZATION && strcmp(base->id, own.id)) {
                if (!((struct optimization *)entry)->line)
                    ((struct optimization *)entry)->line = base->id;
                ((struct optimization *)entry)->also = NULL; /* what people call the base */
                ((struct optimization *)entry)->files = ((struct optimization *)entry)->instead = NULL;
                ((struct optimization *)entry)->mends = 0;   /* and what they try */
            }
        }
    }
    record_read(extension->context, entry->tree, entry->node, kinds[kind].table, also, entry);
    if (!draft->broken)
        record_require(extension->context, entry->tree, entry->node, kinds[kind].table, entry);
}

static void read_draft(struct extension *extension, enum kind kind, struct draft *draft)
{
    if (draft->state == READ)
        return;
    draft->state = READING;
    extension->chain++;
    struct entry *entry = draft->entry;
    if (entry->tree)
        read_entry(extension, kind, draft);
    else
        record_complete(extension->context, &entry->origin->place, kinds[kind].table, entry);
    if (!entry->name)
        entry->name = entry->id;
    check_replaces(extension, kind, entry);
    if (!draft->broken)
        finish(extension, kind, entry);
    extension->chain--;
    draft->state = READ;
}

/* The entry as seen from the file being read: its own entries before older ones. */
static const struct entry *find_either(const struct extension *extension, enum kind kind, const char *id)
{
    struct draft *draft = find_draft(extension, kind, id);
    return draft ? draft->entry : catalog_find(extension->base, kind, id);
}

static void expect_entry(struct extension *extension, const struct entry *entry, const char *key, enum kind kind,
                         const char *id)
{
    if (!id || find_either(extension, kind, id))
        return;
    struct place place = entry_place(entry, key);
    catalog_missing(extension->context, extension->base ? extension->base : extension->made, kind, id, &place);
}

static void finish_coefficient(struct extension *extension, struct coefficient *coefficient)
{
    const struct entry *older = catalog_find(extension->base, KIND_COEFFICIENT, coefficient->head.id);
    coefficient->slot = older ? ((const struct coefficient *)older)->slot : extension->made->coefficient_slots++;
    if (!FIELD_GIVEN(&coefficient->head, 6))
        coefficient->most = 1e18;
    if (!FIELD_GIVEN(&coefficient->head, 9))
        coefficient->provenance = PROVENANCE_GENERIC;
    struct place place = entry_place(&coefficient->head, NULL);
    if (!valid_name(coefficient->head.id))
        problem(extension->context, SPEEDUP_BAD_NAME, &place, "'%s' cannot be read in expressions: use letters, digits and '_'",
                coefficient->head.id);
    if (coefficient->value < coefficient->least || coefficient->value > coefficient->most)
        problem(extension->context, SPEEDUP_OUT_OF_RANGE, &place, "'value' of '%s' lies outside its own range",
                coefficient->head.id);
}

static void finish_accelerator(struct extension *extension, struct accelerator *accelerator)
{
    struct place place = entry_place(&accelerator->head, NULL);
    bool any = false;
    for (int i = 0; i < PEAKS; i++)
        any |= accelerator->peak.rate[i] > 0;
    if (!any && accelerator->peak.present)
        any = true; /* a wrong value has been told already */
    if (!any && entry_node(&accelerator->head, "peak"))
        problem(extension->context, SPEEDUP_MISSING_KEY, &place, "accelerator '%s' lists no peak", accelerator->head.id);
    if (accelerator->host_link <= 0)
        accelerator->host_link = 32e9;
    const struct field *fields = kinds[KIND_ACCELERATOR].table->fields;
    if (!FIELD_GIVEN(&accelerator->head, record_field(kinds[KIND_ACCELERATOR].table, "link") - fields))
        accelerator->link = accelerator->host_link; /* also of one based on another */
    calibration_read(extension->context, extension->made, &extension->made->arena, accelerator->head.tree,
                     entry_node(&accelerator->head, "calibration"),
                     &accelerator->calibration);
    accelerator->calibration.provenance =
        accelerator->calibration.count ? accelerator->provenance : PROVENANCE_GENERIC;
}

static void finish_system(struct extension *extension, struct system *system)
{
    expect_entry(extension, &system->head, "accelerator", KIND_ACCELERATOR, system->accelerator_id);
    if (system->domain <= 0)
        system->domain = system->node_accelerators;
    if (system->network <= 0)
        system->network = 25e9 * system->node_accelerators;
}

static bool is_role(const char *name)
{
    for (int role = 0; role < ROLES; role++)
        if (!strcmp(role_name((enum role)role), name))
            return true;
    return false;
}

/* Keys of a mapping are words, or else roles; values are texts. */
static void check_family_mapping(struct extension *extension, const struct family *family, uint32_t mapping, bool names, const char *const *choices)
{
    const struct yaml_tree *tree = family->head.tree;
    for (uint32_t key = mapping ? yaml_at(tree, mapping)->first : 0; key; key = yaml_at(tree, yaml_at(tree, key)->next)->next) {
        const char *name = yaml_text(tree, key), *value;
        struct place place = yaml_place(tree, key);
        int32_t choice;
        if (names && !is_role(name)) {
            struct nearest nearest;
            nearest_begin(&nearest, name, strlen(name));
            for (int role = 0; role < ROLES; role++)
                nearest_offer(&nearest, role_name((enum role)role));
            struct text *text = problem_begin(extension->context);
            text_format(text, "'%.60s' is no role that a field can play", name);
            nearest_put(&nearest, text);
            problem_end(extension->context, SPEEDUP_UNKNOWN_KEY, &place);
        } else if (choices) {
            read_choice(extension->context, tree, yaml_at(tree, key)->next, name, choices, &choice);
        } else {
            read_text(extension->context, tree, yaml_at(tree, key)->next, name, &value);
        }
    }
}

static void check_family_list(struct extension *extension, const struct family *family, uint32_t list, const char *what)
{
    const struct yaml_tree *tree = family->head.tree;
    const char *value;
    for (uint32_t item = list ? yaml_at(tree, list)->first : 0; item; item = yaml_at(tree, item)->next)
        read_text(extension->context, tree, item, what, &value);
}

static void finish_family(struct extension *extension, const struct family *family)
{
    /* Those built in are held by a test (tests/import), not each time that a program begins. */
    if (!extension->base || !family->head.tree)
        return;
    check_family_mapping(extension, family, family->fields_node, true, NULL);
    check_family_mapping(extension, family, family->defaults_node, true, NULL);
    check_family_mapping(extension, family, family->has_node, true, NULL);
    check_family_mapping(extension, family, family->words_node, false, layer_kind_names);
    check_family_mapping(extension, family, family->towers_node, false, NULL);
    check_family_mapping(extension, family, family->cannot_node, false, NULL);
    check_family_list(extension, family, family->types_node, "types");
    check_family_list(extension, family, family->marks_node, "marks");
    check_family_list(extension, family, family->headless_node, "headless");
    check_family_list(extension, family, family->ignores_node, "ignores");
}

static bool has_optimization(const void *extension, const char *id, size_t length)
{
    char name[LONGEST_ID + 1];
    if (length > LONGEST_ID)
        return false;
    memcpy(name, id, length);
    name[length] = '\0';
    return find_either(extension, KIND_OPTIMIZATION, name) != NULL;
}

/* A base's was checked with it. */
static void check_command(struct extension *extension, const struct entry *entry, const char *key, const char *text)
{
    struct place place = entry_place(entry, key);
    struct command_ids ids = {has_optimization, extension};
    if (text && (!entry->tree || entry_node(entry, key)))
        command_check(extension->context, &place, text, &ids);
}

static void finish(struct extension *extension, enum kind kind, struct entry *entry)
{
    switch (kind) {
    case KIND_COEFFICIENT:
        finish_coefficient(extension, (struct coefficient *)entry);
        break;
    case KIND_ACCELERATOR:
        finish_accelerator(extension, (struct accelerator *)entry);
        break;
    case KIND_SYSTEM:
        finish_system(extension, (struct system *)entry);
        break;
    case KIND_STACK: {
        struct stack *stack = (struct stack *)entry;
        calibration_read(extension->context, extension->made, &extension->made->arena, entry->tree,
                         entry_node(entry, "calibration"), &stack->calibration);
        if (entry_node(entry, "always"))
            stack->always_tree = entry->tree;
        check_command(extension, entry, "command", stack->command);
        check_command(extension, entry, "benchmark", stack->benchmark);
        stack->calibration.provenance = stack->provenance;
        break;
    }
    case KIND_MODEL:
        model_finish(extension->context, (struct model *)entry);
        break;
    case KIND_PRICE: {
        const struct price *price = (const struct price *)entry;
        expect_entry(extension, entry, "accelerator", KIND_ACCELERATOR, price->accelerator_id);
        expect_entry(extension, entry, "system", KIND_SYSTEM, price->system_id);
        break;
    }
    case KIND_OPTIMIZATION:
        optimization_read(extension->context, extension->made, (struct optimization *)entry);
        break;
    case KIND_FAMILY:
        finish_family(extension, (struct family *)entry);
        break;
    case KIND_SPACE: {
        struct space_defaults *space = (struct space_defaults *)entry;
        if (entry_node(entry, "plan"))
            space->plan_tree = entry->tree;
        if (entry_node(entry, "why"))
            space->why_tree = entry->tree;
        break;
    }
    case KINDS:
        break;
    }
}

/* The entries of the base and the new ones, sorted; a new one takes the place of
 * an older one of the same id. */
static bool merge(struct extension *extension, enum kind kind)
{
    speedup_catalog *made = extension->made;
    size_t older = extension->base ? extension->base->entries[kind].count : 0, newer = extension->count[kind];
    struct entry **items = arena_zeroed(&made->arena, older + newer, sizeof *items);
    if (!items)
        return false;
    size_t i = 0, j = 0, n = 0;
    while (i < older || j < newer) {
        struct entry *old = i < older ? extension->base->entries[kind].items[i] : NULL;
        struct entry *new = j < newer ? extension->drafts[kind][j].entry : NULL;
        int order = !old ? 1 : !new ? -1 : strcmp(old->id, new->id);
        items[n++] = order < 0 ? old : new;
        i += order <= 0;
        j += order >= 0;
    }
    made->entries[kind].items = items;
    made->entries[kind].count = n;
    return true;
}

/* Where the estimator's own coefficients are; the built-in data must have them all. */
static void find_known(speedup_context *context, speedup_catalog *made)
{
    const char *name = known_coefficients;
    for (int i = 0; i < KNOWN_COEFFICIENTS; i++, name += strlen(name) + 1) {
        const struct entry *entry = catalog_find(made, KIND_COEFFICIENT, name);
        if (entry)
            made->known_slots[i] = ((const struct coefficient *)entry)->slot;
        else
            catalog_missing(context, made, KIND_COEFFICIENT, name, NULL);
    }
}

speedup_catalog *catalog_allocate(speedup_context *context)
{
    speedup_catalog *made = context->allocator.allocate(context->allocator.user, sizeof *made);
    if (!made) {
        no_memory(context);
        return NULL;
    }
    memset(made, 0, sizeof *made);
    atomic_init(&made->references, 1);
    made->allocator = context->allocator;
    arena_begin(&made->arena, &context->allocator);
    return made;
}

/* Reads the drafts and merges them with the base; `memory` says whether all could be drafted. */
static speedup_status read_and_merge(struct extension *extension, bool memory)
{
    speedup_context *context = extension->context;
    const speedup_catalog *base = extension->base;
    speedup_catalog *made = extension->made;
    made->base = speedup_catalog_ref((speedup_catalog *)(uintptr_t)base);
    made->coefficient_slots = base ? base->coefficient_slots : 0;
    /* Kind by kind, so that what refers to an earlier kind finds it merged. */
    for (int kind = 0; kind < KINDS && memory; kind++) {
        for (size_t i = 0; i < extension->count[kind] && !problems_full(context); i++)
            read_draft(extension, (enum kind)kind, &extension->drafts[kind][i]);
        memory = merge(extension, (enum kind)kind);
    }
    for (int kind = 0; kind < KINDS; kind++)
        if (extension->drafts[kind])
            context->allocator.release(context->allocator.user, extension->drafts[kind]);
    if (base)
        memcpy(made->known_slots, base->known_slots, sizeof made->known_slots);
    else if (memory && !context->first)
        find_known(context, made);
    if (!memory || made->arena.failed)
        no_memory(context);
    return context->first;
}

speedup_status catalog_extend(speedup_context *context, const speedup_catalog *base, speedup_catalog *made,
                              const struct yaml_tree *trees, size_t tree_count, const char *const *ignored)
{
    struct extension extension = {.context = context, .base = base, .made = made};
    bool memory = draft_all(&extension, trees, tree_count, ignored);
    return read_and_merge(&extension, memory);
}

speedup_status catalog_extend_by_value(speedup_context *context, const speedup_catalog *base, speedup_catalog *made,
                                       enum kind kind, struct entry *entry)
{
    struct extension extension = {.context = context, .base = base, .made = made};
    size_t room = 0;
    bool memory = add_draft(&extension, kind, &room, entry);
    return read_and_merge(&extension, memory);
}

speedup_status catalog_with(speedup_context *context, const speedup_catalog *catalog, const struct yaml_tree *tree,
                            const char *const *ignored, speedup_catalog **with)
{
    *with = NULL;
    if (!expect_kind(context, tree, tree->root, YAML_MAPPING, "the document"))
        return context->first;
    bool entries = false;
    for (int kind = 0; kind < KINDS; kind++)
        entries |= yaml_find(tree, tree->root, kinds[kind].section) != 0;
    if (!entries) {
        check_top_level(context, tree, ignored);
        if (!context->first)
            *with = speedup_catalog_ref((speedup_catalog *)(uintptr_t)catalog);
        return context->first;
    }
    speedup_catalog *own = catalog_allocate(context);
    if (own && !catalog_extend(context, catalog, own, tree, 1, ignored))
        *with = own;
    else
        speedup_catalog_unref(own);
    return context->first;
}

speedup_status catalog_finish(speedup_context *context, speedup_status read, const speedup_catalog *base, speedup_catalog *made,
                              const struct yaml_tree *trees, size_t count, speedup_catalog **catalog)
{
    if (!read)
        read = catalog_extend(context, base, made, trees, count, NULL);
    if (read)
        speedup_catalog_unref(made);
    else
        *catalog = made;
    return read;
}

speedup_status speedup_catalog_create(speedup_context *context, speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, catalog);
    diagnostics_clear(context);
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *trees = NULL;
    size_t count = 0;
    speedup_status read = builtin_read(&made->arena, &trees, &count) ? SPEEDUP_OK : no_memory(context);
    return catalog_finish(context, read, NULL, made, trees, count, catalog);
}

speedup_status speedup_catalog_extend(speedup_context *context, const speedup_catalog *base, const char *name,
                                      const char *text, size_t length, speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, catalog);
    REQUIRE_ROOM(context, text, length);
    diagnostics_clear(context);
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *tree = arena_zeroed(&made->arena, 1, sizeof *tree);
    speedup_status status =
        tree ? yaml_read(context, &made->arena, name ? name : "<text>", text ? text : "", length, tree)
             : no_memory(context);
    return catalog_finish(context, status, base, made, tree, 1, catalog);
}

speedup_status speedup_catalog_extend_file(speedup_context *context, const speedup_catalog *base, const char *path,
                                           speedup_catalog **catalog)
{
    if (catalog)
        *catalog = NULL;
    REQUIRE_GIVEN(context, context);
    REQUIRE_GIVEN(context, base);
    REQUIRE_GIVEN(context, path);
    REQUIRE_GIVEN(context, catalog);
    diagnostics_clear(context);
    speedup_catalog *made = catalog_allocate(context);
    if (!made)
        return SPEEDUP_OUT_OF_MEMORY;
    struct yaml_tree *tree = arena_zeroed(&made->arena, 1, sizeof *tree);
    speedup_status status = tree ? yaml_read_file(context, &made->arena, path, tree) : no_memory(context);
    return catalog_finish(context, status, base, made, tree, 1, catalog);
}

speedup_catalog *speedup_catalog_ref(speedup_catalog *catalog)
{
    if (catalog)
        atomic_fetch_add_explicit(&catalog->references, 1, memory_order_relaxed);
    return catalog;
}

void speedup_catalog_unref(speedup_catalog *catalog)
{
    while (catalog && atomic_fetch_sub_explicit(&catalog->references, 1, memory_order_acq_rel) == 1) {
        speedup_catalog *base = catalog->base;
        speedup_allocator allocator = catalog->allocator;
        callback_users_unref(catalog->users);
        arena_end(&catalog->arena);
        allocator.release(allocator.user, catalog);
        catalog = base;
    }
}

static int find_kind(const char *name)
{
    for (int kind = 0; name && kind < KINDS; kind++)
        if (!strcmp(kinds[kind].section, name))
            return kind;
    return KINDS;
}

speedup_status speedup_kind_at(size_t index, speedup_word *word)
{
    if (index >= KINDS)
        return SPEEDUP_NOT_FOUND;
    return word_fill(word, kinds[index].section, "", "", "1", kinds[index].text);
}

size_t speedup_catalog_count(const speedup_catalog *catalog, const char *kind)
{
    int found = find_kind(kind);
    return catalog && found < KINDS ? catalog->entries[found].count : 0;
}

speedup_status speedup_catalog_at(const speedup_catalog *catalog, const char *kind, size_t index, const char **id,
                                  const char **name)
{
    int found = find_kind(kind);
    if (!catalog || !kind || !id)
        return SPEEDUP_INVALID_ARGUMENT;
    if (found == KINDS || index >= catalog->entries[found].count)
        return SPEEDUP_NOT_FOUND;
    *id = catalog->entries[found].items[index]->id;
    if (name)
        *name = catalog->entries[found].items[index]->name;
    return SPEEDUP_OK;
}

/* A coefficient as an accelerator's or a stack's own calibration has it. */
static speedup_status calibration_number(const speedup_catalog *catalog, enum kind kind, const struct entry *entry, const char *name,
                                         double *value)
{
    const struct coefficient *coefficient = (const struct coefficient *)catalog_find(catalog, KIND_COEFFICIENT, name);
    const struct calibration *calibration = kind == KIND_ACCELERATOR ? &((const struct accelerator *)entry)->calibration
                                            : kind == KIND_STACK     ? &((const struct stack *)entry)->calibration
                                                                     : NULL;
    for (uint32_t i = 0; coefficient && calibration && i < calibration->count; i++)
        if (calibration->settings[i].slot == coefficient->slot) {
            *value = calibration->settings[i].value;
            return SPEEDUP_OK;
        }
    return SPEEDUP_NOT_FOUND;
}

speedup_status speedup_catalog_number(const speedup_catalog *catalog, const char *kind, const char *id,
                                      const char *field, double *value)
{
    if (!catalog || !kind || !id || !field || !value)
        return SPEEDUP_INVALID_ARGUMENT;
    int found = find_kind(kind);
    struct system plain;
    const struct entry *entry = found == KIND_SYSTEM ? (const struct entry *)system_find(catalog, id, &plain)
                                : found < KINDS      ? catalog_find(catalog, (enum kind)found, id)
                                                     : NULL;
    struct record_value got;
    static const char calibration[] = "calibration.";
    if (entry && !strncmp(field, calibration, sizeof calibration - 1))
        return calibration_number(catalog, (enum kind)found, entry, field + sizeof calibration - 1, value);
    /* Where no numbers were published, those of the shape stand for them. */
    bool parameters = !strcmp(field, "parameters"), active = !strcmp(field, "parameters_active");
    if (entry && found == KIND_MODEL && (parameters || active) && record_get(kinds[found].table, entry, field, &got) && got.number <= 0) {
        struct model_size size;
        model_measure((const struct model *)entry, &size);
        *value = parameters ? size.total : size.active;
        return SPEEDUP_OK;
    }
    if (!entry || !record_get(kinds[found].table, entry, field, &got) ||
        (got.field->type != FIELD_NUMBER && got.field->type != FIELD_COUNT) || (!got.given && got.number == 0))
        return SPEEDUP_NOT_FOUND;
    *value = got.number;
    return SPEEDUP_OK;
}
