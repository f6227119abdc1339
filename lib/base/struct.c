/* Structs across the border. Knows their sizes, and of no field but struct_size. */
#include "base/struct.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

enum { MOST_BYTES = 4096 };

#define STRUCT(type, last, bytes)                                                                                      \
    static_assert(sizeof(void *) != 8 || LEAST_##type == (bytes), #type " has not the fields of its first version");   \
    static_assert(offsetof(type, struct_size) == 0, #type " does not begin with struct_size");                         \
    static_assert(sizeof(type) <= MOST_BYTES && sizeof(type) % alignof(size_t) == 0, #type " cannot be in an array");
#include "base/struct.def"
#undef STRUCT

static size_t size_of(const void *theirs)
{
    return *(const size_t *)theirs;
}

bool struct_good(const void *theirs, size_t least)
{
    return theirs && size_of(theirs) >= least && size_of(theirs) <= MOST_BYTES && size_of(theirs) % alignof(size_t) == 0;
}

bool struct_in(void *ours, size_t size, const void *theirs, size_t least)
{
    if (!struct_good(theirs, least))
        return false;
    size_t given = size_of(theirs), common = given < size ? given : size;
    memset(ours, 0, size);
    memcpy(ours, theirs, common);
    memcpy(ours, &size, sizeof size);
    for (size_t i = common; i < given; i++)
        if (((const unsigned char *)theirs)[i])
            return false;
    return true;
}

void struct_out(void *theirs, const void *ours, size_t size)
{
    size_t given = size_of(theirs), common = given < size ? given : size;
    memcpy((unsigned char *)theirs + sizeof size, (const unsigned char *)ours + sizeof size, common - sizeof size);
    memset((unsigned char *)theirs + common, 0, given - common);
}

const void *struct_at(const void *theirs, size_t index)
{
    return (const unsigned char *)theirs + index * size_of(theirs);
}

bool struct_element_in(void *ours, size_t size, const void *theirs, size_t index, size_t least)
{
    return struct_good(theirs, least) && size_of(struct_at(theirs, index)) == size_of(theirs) &&
           struct_in(ours, size, struct_at(theirs, index), least);
}

void struct_out_all(void *theirs, const void *ours, size_t size, size_t count)
{
    size_t stride = size_of(theirs);
    for (size_t i = 0; i < count; i++) {
        unsigned char *element = (unsigned char *)theirs + i * stride;
        memcpy(element, &stride, sizeof stride);
        struct_out(element, (const unsigned char *)ours + i * size, size);
    }
}
