/* Read a source as a stream of the Arrow C data interface: count_rows SOURCE */
#include <inttypes.h>
#include <stdio.h>
#include <velo/velo.h>

static int print_columns(struct ArrowArrayStream* stream) {
  struct ArrowSchema schema;
  const int code = stream->get_schema(stream, &schema);
  if (code != 0) return code;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    printf("%s %s\n", schema.children[i]->name, schema.children[i]->format);
  }
  schema.release(&schema);
  return 0;
}

static int count_rows(struct ArrowArrayStream* stream, int64_t* num_rows) {
  for (*num_rows = 0;;) {
    struct ArrowArray rows;
    const int code = stream->get_next(stream, &rows);
    if (code != 0) return code;
    if (rows.release == NULL) return 0; /* the end */
    *num_rows += rows.length;
    rows.release(&rows);
  }
}

int main(int argc, char** argv) {
  struct ArrowArrayStream stream;
  velo_error error;
  int64_t num_rows;
  int code;
  if (argc != 2) {
    fputs("usage: count_rows SOURCE\n", stderr);
    return 2;
  }
  if (velo_open(argv[1], NULL, &stream, &error) != VELO_OK) {
    fprintf(stderr, "count_rows: %s (%s)\n", error.message, velo_kind_name(error.kind));
    return 1;
  }
  code = print_columns(&stream);
  if (code == 0) code = count_rows(&stream, &num_rows);
  if (code == 0) {
    printf("%" PRId64 " rows\n", num_rows);
  } else {
    fprintf(stderr, "count_rows: %s\n", stream.get_last_error(&stream));
  }
  stream.release(&stream);
  return code == 0 ? 0 : 1;
}
