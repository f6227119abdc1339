/* Structs across the border: every one begins with struct_size, by which the caller's version of it is known. */
#ifndef BASE_STRUCT_H
#define BASE_STRUCT_H

#include <speedup/speedup.h>

#include <stdbool.h>

/* What every caller has of each: LEAST_speedup_word, … */
enum {
#define STRUCT(type, last, bytes) LEAST_##type = offsetof(type, last) + sizeof(((type *)NULL)->last),
#include "base/struct.def"
#undef STRUCT
};

/* Is this a struct, of a size that can be? From the first version's to a page: a size that was never set is mostly
 * neither. Whole words, so that an array of them is aligned. */
bool struct_good(const void *theirs, size_t least);

/* Copies a caller's struct into ours, of `size` bytes. Fields that the caller does not have are 0, which is their
 * default. False when it is no struct, or when it has fields that we don't know and that are not 0: they ask for what
 * we cannot do. */
bool struct_in(void *ours, size_t size, const void *theirs, size_t least);

/* Copies ours to a good one of the caller's, but for its struct_size; fields that we don't know become 0. */
void struct_out(void *theirs, const void *ours, size_t size);

/* An element of a caller's array: its first has the size of all. What the first version does not have is read by
 * struct_element_in() alone. */
const void *struct_at(const void *theirs, size_t index);

/* As struct_in(), for an element; false also when its size is not that of the first. */
bool struct_element_in(void *ours, size_t size, const void *theirs, size_t index, size_t least);

/* Copies `count` of ours, one after another, into a caller's array whose first is good. */
void struct_out_all(void *theirs, const void *ours, size_t size, size_t count);

/* A struct argument of a public function, and one that is read into ours: see REQUIRE. */
#define REQUIRE_IN(context, type, ours, argument)                                                              \
    do {                                                                                                       \
        REQUIRE_STRUCT(context, type, argument);                                                               \
        REQUIRE(context, STRUCT_IN(type, ours, argument),                                                      \
                "argument '%s' has fields that this version does not know, and they are not 0", #argument);    \
    } while (0)
#define REQUIRE_STRUCT(context, type, argument)                                                                \
    REQUIRE(context, struct_good(argument, LEAST_##type), "argument '%s': struct_size is %zu, not sizeof(%s)", \
            #argument, (argument)->struct_size, #type)

#define STRUCT_GOOD(type, theirs) struct_good(theirs, LEAST_##type)
#define STRUCT_IN(type, ours, theirs) struct_in(ours, sizeof(type), theirs, LEAST_##type)
#define STRUCT_ELEMENT_IN(type, ours, theirs, index) struct_element_in(ours, sizeof(type), theirs, index, LEAST_##type)

#endif
