/* Systems by name: those of the catalog, and plain machines made of an accelerator that is named in place of one. Knows
 * how accelerators are called, not what a job does on them. */
#include "catalog/plain.h"

#include <string.h>

/* Of a plain machine, as in the generic entries below data/systems: two cards are a workstation with a 10 Gbit/s card, more
 * are a server with 100 Gbit/s; where a scale-up link joins them, the network is what entries have that say none. */
enum { USUAL_IN_MACHINE = 8, WORKSTATION = 2, MOST_NAMED = 1000000 };
static const double workstation_network = 1.25e9, server_network = 12.5e9, linked_network = 25e9;

static bool stands_between(char c)
{
    return c == '\0' || strchr("-_. ", c) != NULL;
}

/* The name behind a count ("2x rtx-4090", "8xh100", "4 × RTX 4090"), and the count; 0 without one. */
static double counted_name(const char **name)
{
    static const char times[] = "\303\227"; /* in UTF-8 */
    const char *c = *name;
    double count = 0;
    for (; *c >= '0' && *c <= '9' && count < MOST_NAMED; c++)
        count = 10 * count + (*c - '0');
    while (*c == ' ')
        c++;
    size_t sign = *c == 'x' || *c == 'X' ? 1 : !strncmp(c, times, sizeof times - 1) ? sizeof times - 1 : 0;
    c += sign;
    while (*c == ' ')
        c++;
    if (count < 1 || count >= MOST_NAMED || !sign || !*c)
        return 0;
    *name = c;
    return count;
}

double plain_count(const speedup_catalog *catalog, const char *name)
{
    return catalog_find(catalog, KIND_SYSTEM, name) ? 0 : counted_name(&name);
}

/* A name without what says only who makes it. */
static const char *without_vendor(const struct accelerator *accelerator, const char *name)
{
    size_t length = accelerator->vendor ? strlen(accelerator->vendor) : 0;
    bool begins = length && strlen(name) > length && stands_between(name[length]) && text_same_letters(name, length, accelerator->vendor);
    return begins ? name + length : name;
}

/* Does a name go on with a word, or end, behind all letters that are wanted? */
static bool leads_to(const char *wanted, size_t length, const char *name, bool whole)
{
    const char *rest = text_after_letters(wanted, length, name);
    return rest && (whole ? !*rest : stands_between(*rest));
}

/* Is an accelerator called so: by its id, or by its name from a word on ("NVIDIA GeForce RTX 4090", "RTX 4090")? With `whole` to
 * the end, else perhaps by the beginning ("H100"). */
static bool is_called(const struct accelerator *accelerator, const char *wanted, bool whole)
{
    wanted = without_vendor(accelerator, wanted);
    size_t length = strlen(wanted);
    const char *name = accelerator->head.name;
    bool called = leads_to(wanted, length, accelerator->head.id, whole);
    for (const char *word = name; *word && !called; word++)
        called = (word == name || stands_between(word[-1])) && !stands_between(*word) && leads_to(wanted, length, word, whole);
    return called;
}

/* The one accelerator that is called so; NULL where there is none or several. */
static const struct accelerator *find_called(const speedup_catalog *catalog, const char *name)
{
    const struct accelerator *found = (const struct accelerator *)catalog_find(catalog, KIND_ACCELERATOR, name);
    if (found)
        return found;
    for (size_t i = 0; i < catalog->entries[KIND_ACCELERATOR].count; i++) {
        const struct accelerator *accelerator = (const struct accelerator *)catalog->entries[KIND_ACCELERATOR].items[i];
        if (!is_called(accelerator, name, true))
            continue;
        if (found)
            return NULL;
        found = accelerator;
    }
    return found;
}

const struct system *system_find(const speedup_catalog *catalog, const char *name, struct system *room)
{
    const struct system *known = (const struct system *)catalog_find(catalog, KIND_SYSTEM, name);
    if (known || !catalog)
        return known;
    const char *called = name;
    double count = counted_name(&called);
    const struct accelerator *accelerator = find_called(catalog, called);
    if (!accelerator)
        return NULL;
    double most = accelerator->machine_most > 0 ? accelerator->machine_most : USUAL_IN_MACHINE;
    double node = count > 0 && count < most ? count : most;
    *room = (struct system){
        .head = {.id = count > 0 ? name : accelerator->head.id, .name = "plain machine"},
        .accelerator_id = accelerator->head.id,
        .node_accelerators = node,
        .domain = node,
        .network = accelerator->link > accelerator->host_link ? linked_network * node
                   : node > WORKSTATION                      ? server_network
                                                             : workstation_network,
        .plain = true,
    };
    return room;
}

void system_say(const speedup_catalog *catalog, const struct system *system, struct text *text)
{
    const struct accelerator *accelerator = (const struct accelerator *)catalog_find(catalog, KIND_ACCELERATOR, system->accelerator_id);
    double node = system->node_accelerators;
    text_format(text, "'%.60s' is no system: ", system->head.id);
    if (node > 1)
        text_format(text, "taken are machines with up to %d x %s, joined by ", (int)node, accelerator->head.name);
    else
        text_format(text, "taken are machines with one %s", accelerator->head.name);
    if (node > 1 && accelerator->link > accelerator->host_link)
        unit_put(text, "B/s", accelerator->link);
    if (node > 1)
        text_put(text, accelerator->link > accelerator->host_link ? " each" : "PCIe alone, over the host");
    text_put(text, ", and a network of ");
    unit_put(text, "B/s", system->network);
    text_put(text, " between them");
}

bool system_put_like(const speedup_catalog *catalog, const char *name, struct text *text)
{
    enum { TOLD = 8 };
    size_t told = 0;
    counted_name(&name);
    for (size_t i = 0; *name && i < catalog->entries[KIND_ACCELERATOR].count && told <= TOLD; i++) {
        const struct accelerator *accelerator = (const struct accelerator *)catalog->entries[KIND_ACCELERATOR].items[i];
        if (is_called(accelerator, name, false))
            text_format(text, told < TOLD ? "%s %s" : ", ...", told ? "," : "; accelerators of that name are", accelerator->head.id), told++;
    }
    return told > 0;
}

void system_nearest(const speedup_catalog *catalog, const char *name, struct nearest *nearest)
{
    counted_name(&name);
    struct nearest other;
    nearest_begin(&other, name, strlen(name));
    for (size_t i = 0; i < catalog->entries[KIND_ACCELERATOR].count; i++)
        nearest_offer(&other, catalog->entries[KIND_ACCELERATOR].items[i]->id);
    if (other.distance < nearest->distance)
        *nearest = other;
}
