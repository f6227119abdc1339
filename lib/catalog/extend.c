/* How a catalog grows: entries of a file are drafts until all are read, each over its base, and merged with older ones. */
#include "catalog/extend.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_BASE_CHAIN = 32 };

/* An entry while its file is read. */
struct draft {
    struct entry *entry;
    enum { UNREAD, READING, READ } state;
    bool broken; /* its base could not be read: what it lacks would only repeat that */
};

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
        entry_finish(extension, kind, entry);
    extension->chain--;
    draft->state = READ;
}

const struct entry *find_either(const struct extension *extension, enum kind kind, const char *id)
{
    struct draft *draft = find_draft(extension, kind, id);
    return draft ? draft->entry : catalog_find(extension->base, kind, id);
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
