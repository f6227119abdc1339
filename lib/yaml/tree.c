/* libyaml's events to a tree. The only file of the library that includes yaml.h. */
#define _XOPEN_SOURCE 700 /* realpath() */

#include "yaml/reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#ifdef PATH_MAX
enum { PATH_LIMIT = PATH_MAX };
#else
enum { PATH_LIMIT = 4096 };
#endif

static struct reader_mark mark_of(yaml_mark_t mark)
{
    return (struct reader_mark){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static struct place place_at(const struct reader *reader, yaml_mark_t mark)
{
    return reader_place(reader, mark_of(mark));
}

static speedup_status refuse(struct reader *reader, speedup_status code, yaml_mark_t mark, const char *message)
{
    return reader_refuse(reader, code, mark_of(mark), message);
}

/* What libyaml says most often, in words that help. */
static const struct {
    const char *problem, *context; /* any context for NULL */
    bool begins;                   /* the place is where the thing begins that is wrong */
    const char *text;
} plain_words[] = {
    {"mapping values are not allowed in this context", NULL, false,
     "a ':' cannot stand here: mend the indentation, or put a text with ': ' in quotes"},
    {"found character that cannot start any token", NULL, false,
     "this character cannot begin a value: indent with spaces, not tabs, or put a text in quotes"},
    {"found unexpected end of stream", "while scanning a quoted scalar", true, "the quote is never closed"},
    {"did not find expected ',' or '}'", NULL, true, "the '{' is not closed, or a ',' is missing after it"},
    {"did not find expected ',' or ']'", NULL, true, "the '[' is not closed, or a ',' is missing after it"},
    {"did not find expected node content", "while parsing a flow node", true, "a value is missing after a '{', '[', ',' or ':'"},
    {"could not find expected ':'", NULL, false, "a ':' is missing after a key"},
    {"did not find expected key", NULL, false, "expected a key: mend the indentation"},
    {"did not find expected '-' indicator", NULL, false, "expected '- ' and an item: mend the indentation"},
};

static speedup_status syntax(struct reader *reader, const yaml_parser_t *parser)
{
    /* libyaml 0.2.5 says nothing in some places where it finds no memory. */
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR)
        return no_memory(reader->context);
    if (parser->error == YAML_READER_ERROR) {
        struct place place = place_at(reader, (yaml_mark_t){0});
        size_t at = parser->problem_offset < reader->source_length ? parser->problem_offset : reader->source_length;
        size_t line_start = 0;
        for (size_t i = 0; i < at; i++)
            if (reader->source[i] == '\n') {
                place.line++;
                line_start = i + 1;
            }
        place.column = (uint32_t)text_width(reader->source + line_start, at - line_start) + 1;
        problem(reader->context, SPEEDUP_NOT_TEXT, &place, "%s", parser->problem ? parser->problem : "not UTF-8");
        return SPEEDUP_NOT_TEXT;
    }
    const char *what = parser->problem ? parser->problem : "cannot be read";
    struct place place = place_at(reader, parser->problem_mark);
    for (size_t i = 0; i < sizeof plain_words / sizeof *plain_words; i++) {
        if (strcmp(plain_words[i].problem, what) || (plain_words[i].context && (!parser->context || strcmp(plain_words[i].context, parser->context))))
            continue;
        if (plain_words[i].begins)
            place = place_at(reader, parser->context_mark);
        problem(reader->context, SPEEDUP_SYNTAX, &place, "%s", plain_words[i].text);
        return SPEEDUP_SYNTAX;
    }
    problem(reader->context, SPEEDUP_SYNTAX, &place, "%s%s%s", what, parser->context ? " " : "",
            parser->context ? parser->context : "");
    return SPEEDUP_SYNTAX;
}

static bool has_anchor_or_tag(struct reader *reader, const yaml_event_t *event, speedup_status *status)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    } else if (event->type == YAML_ALIAS_EVENT) {
        anchor = event->data.alias.anchor;
    }
    if (anchor)
        *status = refuse(reader, SPEEDUP_ALIAS, event->start_mark,
                         "anchors and aliases are refused; write the value out, or use 'base:'");
    else if (tag)
        *status = refuse(reader, SPEEDUP_TAG, event->start_mark, "tags are refused; the type follows from the key");
    return anchor || tag;
}

static speedup_status take(struct reader *reader, const yaml_event_t *event, int *documents)
{
    speedup_status status = SPEEDUP_OK;
    if (has_anchor_or_tag(reader, event, &status))
        return status;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return refuse(reader, SPEEDUP_SEVERAL_DOCUMENTS, event->start_mark, "a second document begins here");
        return SPEEDUP_OK;
    case YAML_SCALAR_EVENT:
        return reader_scalar(reader, mark_of(event->start_mark), (const char *)event->data.scalar.value, event->data.scalar.length,
                             event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
    case YAML_SEQUENCE_START_EVENT:
        return reader_open(reader, YAML_SEQUENCE, mark_of(event->start_mark));
    case YAML_MAPPING_START_EVENT:
        return reader_open(reader, YAML_MAPPING, mark_of(event->start_mark));
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return reader_close(reader);
    default:
        return SPEEDUP_OK;
    }
}

static speedup_status read_events(struct reader *reader)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return no_memory(reader->context);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)reader->source, reader->source_length);
    speedup_status status = SPEEDUP_OK;
    int documents = 0;
    for (bool more = true; more && !status;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = syntax(reader, &parser);
            break;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        status = take(reader, &event, &documents);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status;
}

speedup_status yaml_read(speedup_context *context, struct arena *arena, const char *file, const char *text,
                         size_t length, struct yaml_tree *tree)
{
    speedup_status status = reader_check(context, file, YAML_MOST_BYTES, &text, &length);
    if (status)
        return status;
    struct reader reader = {.context = context, .file = file, .source = text, .source_length = length, .deepest = YAML_DEEPEST, .most = YAML_MOST_NODES};
    status = reader_begin(&reader);
    if (!status)
        status = read_events(&reader);
    return reader_end(&reader, status, arena, tree);
}

bool yaml_is_file(const char *path)
{
    struct stat about;
    return !stat(path, &about) && S_ISREG(about.st_mode);
}

bool yaml_is_folder(const char *path)
{
    struct stat about;
    return !stat(path, &about) && S_ISDIR(about.st_mode);
}

double yaml_file_bytes(const char *path)
{
    struct stat about;
    return !stat(path, &about) && about.st_size > 0 ? (double)about.st_size : 0;
}

/* The folder of a file without links, so many names shorter; false where there is none. */
static bool folder_of(const char *file, int levels, char out[PATH_LIMIT])
{
    char folder[PATH_LIMIT];
    const char *slash = strrchr(file, '/');
    size_t length = slash ? (size_t)(slash - file) + 1 : 2;
    if (length >= sizeof folder)
        return false;
    memcpy(folder, slash ? file : "./", length);
    folder[length] = '\0';
    if (!realpath(folder, out))
        return false;
    for (char *end; levels > 1 && (end = strrchr(out, '/')); levels--)
        *end = '\0';
    return true;
}

bool yaml_leads_below(const char *path, const char *file, int levels)
{
    char real[PATH_LIMIT], folder[PATH_LIMIT];
    struct stat about;
    if (stat(path, &about) && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (!realpath(path, real) || !folder_of(file, levels, folder))
        return false;
    size_t length = strlen(folder);
    bool root = length == 1 && *folder == '/';
    return length && (root || (!strncmp(real, folder, length) && real[length] == '/'));
}

bool yaml_is_snapshot(const char *path)
{
    char folder[PATH_LIMIT];
    if (!folder_of(path, 2, folder))
        return false;
    const char *slash = strrchr(folder, '/');
    return slash && !strcmp(slash, "/snapshots");
}

size_t yaml_folder_find(const char *folder, const char *ending, char *name, size_t room)
{
    size_t found = 0, least = strlen(ending);
    DIR *directory = opendir(folder);
    for (const struct dirent *entry; directory && (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        if (length < least || length >= room || strcmp(entry->d_name + length - least, ending))
            continue;
        if (!found++ || strcmp(entry->d_name, name) < 0)
            memcpy(name, entry->d_name, length + 1);
    }
    if (directory)
        closedir(directory);
    return found;
}

/* Opens a file, and looks at what was opened: another may have been put in its place since its path was looked at. Never
 * waits, as a pipe would make it; NULL where it cannot be opened. */
static FILE *open_file(const char *path, struct stat *about)
{
#ifdef O_NONBLOCK
#ifdef O_CLOEXEC
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
#else
    int file = open(path, O_RDONLY | O_NONBLOCK);
#endif
    if (file < 0)
        return NULL;
    FILE *stream = fstat(file, about) ? NULL : fdopen(file, "rb");
    if (!stream)
        close(file);
    return stream;
#else
    return stat(path, about) ? NULL : fopen(path, "rb");
#endif
}

static bool check_regular(speedup_context *context, const struct place *whole, const struct stat *about)
{
    if (!S_ISREG(about->st_mode))
        problem(context, SPEEDUP_NOT_A_FILE, whole, "%s, not a file", S_ISDIR(about->st_mode) ? "this is a directory" : "this is a device or pipe");
    return S_ISREG(about->st_mode);
}

static speedup_status read_stream(speedup_context *context, struct arena *arena, const struct place *whole, FILE *stream, const struct stat *about,
                                  size_t most, bool head, char **bytes, size_t *length)
{
    if (!check_regular(context, whole, about))
        return SPEEDUP_NOT_A_FILE;
    if (about->st_size < 0 || ((uintmax_t)about->st_size > most && !head)) {
        problem(context, SPEEDUP_TOO_LARGE, whole, "%lld bytes; at most %zu are read", (long long)about->st_size,
                most);
        return SPEEDUP_TOO_LARGE;
    }
    size_t size = (uintmax_t)about->st_size < most ? (size_t)about->st_size : most;
    *bytes = arena_zeroed(arena, size + 1, 1);
    if (!*bytes)
        return no_memory(context);
    *length = fread(*bytes, 1, size, stream);
    if (ferror(stream)) {
        problem(context, SPEEDUP_UNREADABLE, whole, "the file cannot be read");
        return SPEEDUP_UNREADABLE;
    }
    return SPEEDUP_OK;
}

static speedup_status load(speedup_context *context, struct arena *arena, const char *path, size_t most, bool head, char **bytes, size_t *length)
{
    struct place whole = {.file = path};
    struct stat about;
    if (stat(path, &about)) {
        problem(context, SPEEDUP_UNREADABLE, &whole, "%s",
                errno == ENOENT ? "there is no such file" : "the file cannot be reached");
        return SPEEDUP_UNREADABLE;
    }
    /* A device is not even opened. */
    if (!check_regular(context, &whole, &about))
        return SPEEDUP_NOT_A_FILE;
    FILE *stream = open_file(path, &about);
    if (!stream) {
        if (errno == ENOMEM)
            return no_memory(context);
        problem(context, SPEEDUP_UNREADABLE, &whole, "the file cannot be opened: permission denied?");
        return SPEEDUP_UNREADABLE;
    }
    speedup_status status = read_stream(context, arena, &whole, stream, &about, most, head, bytes, length);
    fclose(stream);
    return status;
}

speedup_status yaml_load_file(speedup_context *context, struct arena *arena, const char *path, size_t most,
                              char **bytes, size_t *length)
{
    return load(context, arena, path, most, false, bytes, length);
}

speedup_status yaml_load_head(speedup_context *context, struct arena *arena, const char *path, size_t most, char **bytes, size_t *length)
{
    return load(context, arena, path, most, true, bytes, length);
}

speedup_status yaml_read_file(speedup_context *context, struct arena *arena, const char *path,
                              struct yaml_tree *tree)
{
    char *bytes;
    size_t length;
    speedup_status status = yaml_load_file(context, arena, path, YAML_MOST_BYTES, &bytes, &length);
    return status ? status : yaml_read(context, arena, path, bytes, length, tree);
}

double yaml_number(const struct yaml_tree *tree, uint32_t node)
{
    double number;
    memcpy(&number, yaml_text(tree, node) - sizeof number, sizeof number);
    return number;
}

uint32_t yaml_find(const struct yaml_tree *tree, uint32_t mapping, const char *key)
{
    const struct yaml_node *nodes = tree->nodes;
    if (nodes[mapping].kind != YAML_MAPPING)
        return 0;
    /* Most keys are of another length: then their texts are not fetched. */
    size_t length = strlen(key);
    for (uint32_t at = nodes[mapping].first; at; at = nodes[nodes[at].next].next)
        if (nodes[at].length == length && !memcmp(yaml_text(tree, at), key, length))
            return nodes[at].next;
    return 0;
}

static uint32_t own_setting(const struct yaml_node *node)
{
    return node->line ? 0 : node->column;
}

uint32_t yaml_setting(const struct yaml_tree *tree, uint32_t node)
{
    uint32_t last = own_setting(&tree->nodes[node]);
    if (tree->nodes[node].kind == YAML_SCALAR)
        return last;
    for (uint32_t at = tree->nodes[node].first; at; at = tree->nodes[at].next) {
        uint32_t setting = yaml_setting(tree, at);
        last = setting > last ? setting : last;
    }
    return last;
}

struct place yaml_setting_place(const struct yaml_tree *tree, uint32_t setting)
{
    return (struct place){.file = tree->settings[setting - 1]};
}

struct place yaml_place(const struct yaml_tree *tree, uint32_t node)
{
    uint32_t setting = own_setting(&tree->nodes[node]);
    if (setting)
        return yaml_setting_place(tree, setting);
    /* A mapping in block style begins at its first key; what is said of it is said of its own. */
    if (tree->nodes[node].kind == YAML_MAPPING && tree->nodes[node].keyed && tree->nodes[node - 1].line < tree->nodes[node].line)
        node--;
    return (struct place){
        .file = tree->file,
        .source = tree->source,
        .source_length = tree->source_length,
        .line = tree->nodes[node].line,
        .column = tree->nodes[node].column,
    };
}

void yaml_quoted(const char *scalar, struct text *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
    if (*scalar && *scalar != '-' && !scalar[strspn(scalar, plain)]) {
        text_put(out, scalar);
        return;
    }
    text_put(out, "\"");
    for (const char *c = scalar; *c; c++) {
        if (*c == '"' || *c == '\\')
            text_put(out, "\\");
        text_add(out, c, 1);
    }
    text_put(out, "\"");
}

void yaml_flow(const struct yaml_tree *tree, uint32_t at, struct text *out)
{
    const struct yaml_node *node = yaml_at(tree, at);
    if (node->kind == YAML_SCALAR) {
        yaml_quoted(yaml_text(tree, at), out);
        return;
    }
    text_put(out, node->kind == YAML_MAPPING ? "{" : "[");
    uint32_t child = node->first;
    for (bool value = false; child; child = yaml_at(tree, child)->next, value = !value) {
        yaml_flow(tree, child, out);
        bool key = node->kind == YAML_MAPPING && !value;
        text_put(out, key ? ": " : yaml_at(tree, child)->next ? ", " : "");
    }
    text_put(out, node->kind == YAML_MAPPING ? "}" : "]");
}
