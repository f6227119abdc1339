/* Headers of files of weights. */
#ifndef CATALOG_WEIGHTS_H
#define CATALOG_WEIGHTS_H

#include "catalog/catalog.h"

/* Does a file begin as GGUF does? Its header then is a tree as of a configuration: 'model_type', keys without the
 * architecture, 'gguf_bytes' of all tensors and 'gguf_tokens'. */
bool gguf_begins(const char *bytes, size_t length);
speedup_status gguf_read(speedup_context *context, struct arena *arena, const char *file, const char *bytes, size_t length, struct yaml_tree *tree);

/* Bytes of all tensors: of a model.safetensors.index.json, 0 where it does not say; of a safetensors file by its header, with
 * the bytes of the whole file. What is wrong is told. */
double index_bytes(speedup_context *context, const struct yaml_tree *tree);
double safetensors_bytes(speedup_context *context, struct arena *arena, const char *file, const char *bytes, size_t length, double file_length);

#endif
