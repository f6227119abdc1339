/* Runs a harness over files and folders, so that what fuzzing found stays mended under any compiler.
 * usage: replay_NAME PATH ... */
#define _XOPEN_SOURCE 700
#include "harness.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static size_t inputs;

static int replay(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)where;
    if (kind != FTW_F)
        return 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return 1;
    /* No spare byte behind the input, so that memory checkers see a read past its end. */
    size_t size = (size_t)about->st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size)
        return 1;
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    inputs++;
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (nftw(argv[i], replay, 16, FTW_PHYS)) {
            fprintf(stderr, "cannot read %s\n", argv[i]);
            return 1;
        }
    printf("%zu inputs\n", inputs);
    return inputs ? 0 : 1;
}
