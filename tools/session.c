/* What every program here begins and ends with: a context, a catalog with what the command
 * line adds to it, and how problems are told. */
#include "command.h"

#include <stdio.h>

speedup_status session_open(struct session *session)
{
    speedup_status status = speedup_context_create(NULL, &session->context);
    if (!status)
        status = speedup_catalog_create(session->context, &session->catalog);
    for (size_t i = 0; i < session->options->catalog_count && !status; i++) {
        speedup_catalog *more;
        status = speedup_catalog_extend_file(session->context, session->catalog, session->options->catalogs[i], &more);
        if (!status) {
            speedup_catalog_unref(session->catalog);
            session->catalog = more;
        }
    }
    return status;
}

void session_close(struct session *session)
{
    speedup_catalog_unref(session->catalog);
    speedup_context_destroy(session->context);
}

int tell_problems(const struct session *session)
{
    size_t count = session->context ? speedup_diagnostic_count(session->context) : 0;
    if (!session->context)
        fprintf(stderr, "speedup: out of memory\n");
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, "%s\n", speedup_diagnostic_text(session->context, i));
        if (i + 1 == count && count <= 3)
            fprintf(stderr, "  hint: %s\n", speedup_diagnostic_remedy(session->context, i));
    }
    return EXIT_ERROR;
}

void print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 32)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}
