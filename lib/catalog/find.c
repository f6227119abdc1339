/* Entries of a catalog: what may be a name, where something of an entry stands, and how one is found, by its id or by what
 * people call it; what is told where there is none. */
#include "catalog/catalog.h"
#include "catalog/plain.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

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
