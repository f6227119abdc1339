/* Memory: the caller's allocator, and arenas over it. Knows nothing of what is kept. */
#include "base/memory.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct arena_block {
    struct arena_block *older;
    size_t room;
    alignas(max_align_t) unsigned char bytes[];
};

static void *default_allocate(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void *default_resize(void *user, void *memory, size_t size)
{
    (void)user;
    return realloc(memory, size);
}

static void default_release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

const speedup_allocator memory_default = {
    .struct_size = sizeof(speedup_allocator),
    .allocate = default_allocate,
    .resize = default_resize,
    .release = default_release,
};

void arena_begin(struct arena *arena, const speedup_allocator *allocator)
{
    *arena = (struct arena){.allocator = *allocator};
}

void arena_end(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *older = arena->blocks->older;
        arena->allocator.release(arena->allocator.user, arena->blocks);
        arena->blocks = older;
    }
}

void arena_reset(struct arena *arena)
{
    struct arena_block *newest = arena->blocks;
    if (!newest)
        return;
    arena->blocks = newest->older;
    arena_end(arena);
    newest->older = NULL;
    arena->blocks = newest;
    arena->used = 0;
}

size_t arena_bytes(const struct arena *arena)
{
    size_t bytes = 0;
    for (const struct arena_block *block = arena->blocks; block; block = block->older)
        bytes += block->room;
    return bytes;
}

static bool add_block(struct arena *arena, size_t least)
{
    size_t room = arena->blocks ? arena->blocks->room * 2 : FIRST_BLOCK;
    if (room > LARGEST_BLOCK)
        room = LARGEST_BLOCK;
    if (room < least)
        room = least;
    if (room > SIZE_MAX - sizeof(struct arena_block))
        return false;
    struct arena_block *block =
        arena->allocator.allocate(arena->allocator.user, sizeof(struct arena_block) + room);
    if (!block)
        return false;
    block->older = arena->blocks;
    block->room = room;
    arena->blocks = block;
    arena->used = 0;
    return true;
}

void *arena_zeroed(struct arena *arena, size_t count, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size && count > (SIZE_MAX - unit) / size) {
        arena->failed = true;
        return NULL;
    }
    size_t bytes = (count * size + unit - 1) / unit * unit;
    if (!bytes)
        bytes = unit;
    if (!arena->blocks || arena->blocks->room - arena->used < bytes) {
        if (!add_block(arena, bytes)) {
            arena->failed = true;
            return NULL;
        }
    }
    void *memory = arena->blocks->bytes + arena->used;
    arena->used += bytes;
    memset(memory, 0, bytes);
    return memory;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_zeroed(arena, length + 1, 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

bool memory_grow(const speedup_allocator *allocator, void **items, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room ? *room * 2 : 16;
    if (wanted > SIZE_MAX / size)
        return false;
    void *grown = *items ? allocator->resize(allocator->user, *items, wanted * size)
                         : allocator->allocate(allocator->user, wanted * size);
    if (!grown)
        return false;
    *items = grown;
    *room = wanted;
    return true;
}
