/* A program with names of its own that the library uses inside: both link from one archive, and each keeps its own. */
#include <speedup/speedup.h>

#include <stdio.h>
#include <string.h>

int problem(int number);
int catalog_find(const char *name);
extern const char *variables[2];

const char *variables[2] = {"of", "the program"};

int problem(int number)
{
    return number + 1;
}

int catalog_find(const char *name)
{
    return strcmp(name, variables[0]) ? problem(1) : problem(0);
}

int main(void)
{
    static const char job[] = "train: {model: llama-2-7b, system: dgx-h100, accelerators: 8, sequence: 4096, global_batch: 64, "
                              "optimizations: [bf16-mixed-precision, flash-attention-2, zero-3]}";
    speedup_context *context = NULL;
    speedup_text *json = NULL;
    if (!speedup_version_check(SPEEDUP_VERSION_MAJOR, SPEEDUP_VERSION_MINOR, SPEEDUP_VERSION_PATCH) ||
        speedup_context_create(NULL, &context))
        return 1;
    speedup_status status = speedup_answer(context, job, sizeof job - 1, &json);
    int answered = !status && strstr(speedup_text_get(json), "\"answer\"");
    speedup_text_destroy(json);
    /* A wrong job is told by the library's problem(), not by ours. */
    status = speedup_answer(context, "train: {modle: x}", 17, &json);
    int told = status && speedup_diagnostic_count(context) > 0 && strstr(speedup_text_get(json), "did you mean 'model'");
    speedup_text_destroy(json);
    speedup_context_destroy(context);
    printf("answered %d, told %d, own %d\n", answered, told, catalog_find("of"));
    return !(answered && told && catalog_find("of") == 1);
}
