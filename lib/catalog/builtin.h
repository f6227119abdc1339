/* The form of the data built into the library, which tools/embed.c packs.
 *
 * Texts: each once, ended by NUL; first those that are used several times, then the others in the order of their use.
 * Trees: numbers of seven bits a byte, the lowest first. A file is its name and a tree; a tree is what it is in the two
 * lowest bits of a number, above them a text or the count of its items. A text is 0 for the next of those that are used
 * once, and else one more than its number.
 *
 * Both are packed by copies of what was there before (J. Ziv and A. Lempel, IEEE Trans. Inf. Theory 23, 1977), as steps of
 *   a number: how many bytes to take as they are, and in the COPY_BITS lowest bits how long the copy after them is,
 *     0 for none, 1 for COPY_LEAST bytes; from COPY_LONG on there is a number more, of what is beyond it
 *   these bytes
 *   of a copy: a number, how far back it begins. */
#ifndef CATALOG_BUILTIN_H
#define CATALOG_BUILTIN_H

#include <stddef.h>

enum { COPY_BITS = 4, COPY_LONG = (1 << COPY_BITS) - 1, COPY_LEAST = 3 };

enum packed_kind { PACKED_PLAIN, PACKED_QUOTED, PACKED_SEQUENCE, PACKED_MAPPING };

extern const unsigned char builtin_texts[], builtin_trees[];
/* Rooms: bytes when unpacked. */
extern const size_t builtin_texts_room, builtin_trees_room, builtin_text_count, builtin_shared, builtin_files, builtin_nodes;

#endif
