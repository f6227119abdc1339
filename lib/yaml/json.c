/* JSON to a tree (RFC 8259): strings with their escapes, numbers as they are written, each key once.
 * Takes the word Infinity, which Python writes into files; knows nothing of YAML. */
#include "yaml/reader.h"

#include <string.h>

struct scanner {
    struct reader *reader;
    const char *at, *end;
    const char *counted; /* up to here lines and columns are */
    struct reader_mark mark;
    char *string; /* decoded, as long as the text at most */
};

/* Where the text has come to: a column is a character. */
static struct reader_mark here(struct scanner *s)
{
    for (; s->counted < s->at; s->counted++) {
        unsigned char byte = (unsigned char)*s->counted;
        if (byte == '\n')
            s->mark = (struct reader_mark){s->mark.line + 1, 1};
        else if ((byte & 0xC0) != 0x80)
            s->mark.column++;
    }
    return s->mark;
}

static speedup_status wrong(struct scanner *s, const char *message)
{
    return reader_refuse(s->reader, SPEEDUP_SYNTAX, here(s), message);
}

static char skip(struct scanner *s)
{
    while (s->at < s->end && strchr(" \t\r\n", *s->at))
        s->at++;
    return s->at < s->end ? *s->at : '\0';
}

static int hex(const char *at, const char *end)
{
    int code = 0;
    for (int i = 0; i < 4; i++, at++) {
        char c = at < end ? *at : '\0';
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        code = 16 * code + digit;
    }
    return code;
}

static char *put_character(char *out, int code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    static const int leads[] = {0, 0xC0, 0xE0, 0xF0};
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    *out++ = (char)(leads[more] | code >> 6 * more);
    while (more--)
        *out++ = (char)(0x80 | (code >> 6 * more & 0x3F));
    return out;
}

/* The character of "\uXXXX", with the second half of a pair; what is none is the replacement character. */
static int escaped(struct scanner *s)
{
    int code = hex(s->at, s->end), low = -1;
    if (code < 0)
        return -1;
    s->at += 4;
    if (code >= 0xD800 && code < 0xDC00 && s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u')
        low = hex(s->at + 2, s->end);
    if (low >= 0xDC00 && low < 0xE000) {
        s->at += 6;
        return 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
    }
    return code == 0 || (code >= 0xD800 && code < 0xE000) ? 0xFFFD : code;
}

static speedup_status string(struct scanner *s)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    struct reader_mark mark = here(s);
    char *out = s->string;
    for (s->at++; s->at < s->end && *s->at != '"';) {
        if ((unsigned char)*s->at < 0x20)
            return wrong(s, *s->at == '\n' || *s->at == '\r' ? "the quote is never closed" : "a control character in a text: write it as an escape");
        if (*s->at != '\\') {
            *out++ = *s->at++;
            continue;
        }
        const char *name = ++s->at < s->end ? strchr(names, *s->at) : NULL;
        if (name && *name) {
            *out++ = meant[name - names];
            s->at++;
            continue;
        }
        bool unicode = s->at < s->end && *s->at == 'u';
        s->at += unicode;
        int code = unicode ? escaped(s) : -1;
        if (code < 0)
            return wrong(s, "this is no escape of JSON");
        out = put_character(out, code);
    }
    if (s->at >= s->end)
        return reader_refuse(s->reader, SPEEDUP_SYNTAX, mark, "the quote is never closed");
    s->at++;
    *out = '\0';
    if (!text_is_utf8(s->string))
        return reader_refuse(s->reader, SPEEDUP_NOT_TEXT, mark, "not UTF-8");
    return reader_scalar(s->reader, mark, s->string, (size_t)(out - s->string), false);
}

static const char *digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* The end of a number by the grammar, NULL for none. */
static const char *number_end(const char *at, const char *end)
{
    at += at < end && *at == '-';
    const char *first = at;
    at = digits(at, end);
    if (at == first || (*first == '0' && at > first + 1))
        return NULL;
    if (at < end && *at == '.') {
        first = ++at;
        at = digits(at, end);
        if (at == first)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        first = at;
        at = digits(at, end);
        if (at == first)
            return NULL;
    }
    return at;
}

static speedup_status plain(struct scanner *s)
{
    static const char *const words[] = {"true", "false", "null", "Infinity", "-Infinity"};
    const char *end = s->at;
    while (end < s->end && !strchr(" \t\r\n,:[]{}\"", *end))
        end++;
    size_t length = (size_t)(end - s->at);
    bool good = number_end(s->at, end) == end;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        good |= strlen(words[i]) == length && !memcmp(words[i], s->at, length);
    if (!good && length == 3 && !memcmp(s->at, "NaN", 3))
        return reader_refuse(s->reader, SPEEDUP_NOT_FINITE, here(s), "NaN is no number of JSON");
    if (!good)
        return wrong(s, length ? "this is no value of JSON: a text needs quotes, a number no leading zeros" : "a value is missing here");
    speedup_status status = reader_scalar(s->reader, here(s), s->at, length, true);
    s->at = end;
    return status;
}

/* Opens or reads a value. */
static speedup_status value(struct scanner *s)
{
    char c = skip(s);
    if (c == '"')
        return string(s);
    if (c != '{' && c != '[')
        return plain(s);
    speedup_status status = reader_open(s->reader, c == '{' ? YAML_MAPPING : YAML_SEQUENCE, here(s));
    s->at++;
    return status;
}

/* A key and its colon. */
static speedup_status key(struct scanner *s)
{
    if (skip(s) != '"')
        return wrong(s, "a key in quotes must stand here");
    speedup_status status = string(s);
    if (!status && skip(s) != ':')
        return wrong(s, "a ':' is missing after a key");
    s->at++;
    return status;
}

static speedup_status scan(struct scanner *s)
{
    struct reader *reader = s->reader;
    if (!skip(s))
        return SPEEDUP_OK;
    speedup_status status = value(s);
    while (!status && reader->depth) {
        const struct yaml_node *open = &reader->nodes[reader->open[reader->depth].node];
        bool mapping = open->kind == YAML_MAPPING, first = !open->length;
        char c = skip(s);
        if (c == (mapping ? '}' : ']')) {
            s->at++;
            status = reader_close(reader);
            continue;
        }
        if (!c)
            return reader_refuse(reader, SPEEDUP_SYNTAX, (struct reader_mark){open->line, open->column},
                                 mapping ? "the '{' is not closed" : "the '[' is not closed");
        if (!first && c != ',')
            return wrong(s, mapping ? "a ',' or '}' must stand here" : "a ',' or ']' must stand here");
        struct reader_mark comma = here(s);
        s->at += !first;
        c = skip(s);
        if (!first && (c == '}' || c == ']'))
            return reader_refuse(reader, SPEEDUP_SYNTAX, comma, "nothing follows this ',': JSON has none at the end");
        status = mapping ? key(s) : SPEEDUP_OK;
        if (!status)
            status = value(s);
    }
    if (!status && skip(s))
        return wrong(s, "the document has ended before this");
    return status;
}

static speedup_status read_json(speedup_context *context, struct arena *arena, const char *file, const char *text, size_t length,
                                size_t most, struct yaml_tree *tree)
{
    speedup_status status = reader_check(context, file, JSON_MOST_BYTES, &text, &length);
    if (status)
        return status;
    struct reader reader = {.context = context, .file = file, .source = text, .source_length = length, .deepest = READER_DEEPEST, .most = most};
    struct scanner scanner = {.reader = &reader, .at = text, .end = text + length, .counted = text, .mark = {1, 1}};
    scanner.string = context->allocator.allocate(context->allocator.user, length + 1);
    status = scanner.string ? reader_begin(&reader) : no_memory(context);
    if (!status)
        status = scan(&scanner);
    if (scanner.string)
        context->allocator.release(context->allocator.user, scanner.string);
    return reader_end(&reader, status, arena, tree);
}

speedup_status json_read(speedup_context *context, struct arena *arena, const char *file, const char *text, size_t length,
                         struct yaml_tree *tree)
{
    return read_json(context, arena, file, text, length, YAML_MOST_NODES, tree);
}

speedup_status json_read_large(speedup_context *context, struct arena *arena, const char *file, const char *text, size_t length,
                               struct yaml_tree *tree)
{
    return read_json(context, arena, file, text, length, JSON_MOST_NODES, tree);
}

bool json_begins(const char *text, size_t length)
{
    if (length >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) {
        text += 3;
        length -= 3;
    }
    while (length && strchr(" \t\r\n", *text) && *text) {
        text++;
        length--;
    }
    return length && (*text == '{' || *text == '[');
}
