/* The C interface, from a program in C99: rows made by hand go into a file and come back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <velo/velo.h>

static void check(int holds, const char* what, int line) {
  if (holds) return;
  fprintf(stderr, "line %d: not so: %s\n", line, what);
  exit(1);
}
#define CHECK(condition) check((condition) != 0, #condition, __LINE__)

/* A stream of one column, id: one batch of `counted` numbers and its end, or an error. */
struct numbers {
  int64_t values[3];
  const void* buffers[2];
  struct ArrowArray column;
  struct ArrowArray* columns[1];
  const void* no_buffers[1];
  struct ArrowSchema field;
  struct ArrowSchema* fields[1];
  int given;
  int fails;
  int released;
};

static void release_array(struct ArrowArray* array) { array->release = NULL; }
static void release_schema(struct ArrowSchema* schema) { schema->release = NULL; }

static int get_schema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  struct numbers* self = stream->private_data;
  memset(&self->field, 0, sizeof(self->field));
  self->field.format = "l";
  self->field.name = "id";
  self->field.release = release_schema;
  self->fields[0] = &self->field;
  memset(out, 0, sizeof(*out));
  out->format = "+s";
  out->name = "";
  out->n_children = 1;
  out->children = self->fields;
  out->release = release_schema;
  return 0;
}

static int get_next(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  struct numbers* self = stream->private_data;
  memset(out, 0, sizeof(*out));
  if (self->fails) return 5; /* EIO */
  if (self->given) return 0;
  self->given = 1;
  self->buffers[1] = self->values;
  memset(&self->column, 0, sizeof(self->column));
  self->column.length = 3;
  self->column.n_buffers = 2;
  self->column.buffers = self->buffers;
  self->column.release = release_array;
  self->columns[0] = &self->column;
  out->length = 3;
  out->n_buffers = 1;
  out->buffers = self->no_buffers;
  out->n_children = 1;
  out->children = self->columns;
  out->release = release_array;
  return 0;
}

static const char* get_last_error(struct ArrowArrayStream* stream) {
  (void)stream;
  return "the numbers ran out";
}

static void release_stream(struct ArrowArrayStream* stream) {
  struct numbers* self = stream->private_data;
  self->released = 1;
  stream->release = NULL;
}

static struct ArrowArrayStream stream_of(struct numbers* numbers) {
  struct ArrowArrayStream stream;
  stream.get_schema = get_schema;
  stream.get_next = get_next;
  stream.get_last_error = get_last_error;
  stream.release = release_stream;
  stream.private_data = numbers;
  return stream;
}

static struct numbers make_numbers(void) {
  struct numbers numbers;
  memset(&numbers, 0, sizeof(numbers));
  numbers.values[0] = 7;
  numbers.values[1] = -1;
  numbers.values[2] = INT64_MAX;
  return numbers;
}

static int exists(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file != NULL) fclose(file);
  return file != NULL;
}

static void test_rows_go_and_come_back(void) {
  struct numbers numbers = make_numbers();
  struct ArrowArrayStream stream = stream_of(&numbers);
  struct ArrowArray rows;
  const int64_t* values;
  velo_progress progress;
  velo_error error;
  error.kind = -1;
  CHECK(velo_write(&stream, "numbers.parquet", NULL, &progress, &error) == VELO_OK);
  CHECK(error.kind == VELO_OK && error.message[0] == '\0');
  CHECK(stream.release == NULL && numbers.released);
  CHECK(progress.num_rows == 3 && progress.bytes_written > 0);

  CHECK(velo_copy("numbers.parquet", "numbers.csv", NULL, &progress, NULL) == VELO_OK);
  CHECK(progress.num_rows == 3);

  CHECK(velo_open("numbers.csv", NULL, &stream, NULL) == VELO_OK);
  CHECK(stream.get_next(&stream, &rows) == 0);
  CHECK(rows.length == 3 && rows.n_children == 1);
  values = (const int64_t*)rows.children[0]->buffers[1] + rows.children[0]->offset;
  CHECK(memcmp(values, numbers.values, sizeof(numbers.values)) == 0);
  rows.release(&rows);
  CHECK(stream.get_next(&stream, &rows) == 0 && rows.release == NULL);
  stream.release(&stream);
}

static void test_sql(void) {
  struct ArrowArrayStream stream;
  struct ArrowArray rows;
  velo_progress progress;
  velo_error error;
  CHECK(velo_run("INSERT INTO file('few.csv') SELECT id FROM file('numbers.parquet') "
                 "WHERE id > 0",
                 NULL, &progress, &error) == VELO_OK);
  CHECK(progress.num_rows == 2);
  CHECK(velo_query("SELECT sum(id) AS total FROM file('few.csv') WHERE id < 100", NULL,
                   &stream, &error) == VELO_OK);
  CHECK(stream.get_next(&stream, &rows) == 0 && rows.length == 1);
  rows.release(&rows);
  stream.release(&stream);
  CHECK(velo_run("SELEC 1", NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "SELEC") != NULL);
}

static void test_failures(void) {
  struct numbers numbers = make_numbers();
  struct ArrowArrayStream stream = stream_of(&numbers);
  velo_error error;
  char name[4000];
  CHECK(velo_open("none.csv", NULL, &stream, &error) == VELO_NOT_FOUND);
  CHECK(error.kind == VELO_NOT_FOUND && strstr(error.message, "none.csv") != NULL);
  CHECK(stream.private_data == &numbers);

  numbers.fails = 1;
  CHECK(velo_write(&stream, "failed.csv", NULL, NULL, &error) == VELO_SYSTEM);
  CHECK(strstr(error.message, "the numbers ran out") != NULL);
  CHECK(stream.release == NULL && !exists("failed.csv"));

  stream = stream_of(&numbers);
  CHECK(velo_write(&stream, "nowhere://x", NULL, NULL, NULL) == VELO_INVALID_ARGUMENT);
  CHECK(stream.release == NULL);

  memset(name, 'x', sizeof(name));
  memcpy(name, "nowhere://", 10);
  name[sizeof(name) - 1] = '\0';
  CHECK(velo_copy(name, "x.csv", NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(strlen(error.message) == sizeof(error.message) - 1);
  CHECK(strcmp(error.message + sizeof(error.message) - 4, "...") == 0);
}

static void test_stop(void) {
  struct ArrowArrayStream stream;
  struct ArrowArray rows;
  velo_error error;
  velo_stop* stop = velo_stop_new();
  CHECK(velo_open("generate://orders?rows=1000000000", stop, &stream, NULL) == VELO_OK);
  CHECK(stream.get_next(&stream, &rows) == 0);
  rows.release(&rows);
  velo_stop_request(stop);
  CHECK(stream.get_next(&stream, &rows) != 0);
  CHECK(stream.get_last_error(&stream) != NULL);
  stream.release(&stream);
  CHECK(velo_copy("numbers.csv", "stopped.csv", stop, NULL, &error) == VELO_CANCELLED);
  CHECK(!exists("stopped.csv"));
  velo_stop_free(stop);
  velo_stop_request(NULL);
  velo_stop_free(NULL);
}

/* Each must say what is missing, and not touch what it points to. */
static void test_nothing_given(void) {
  struct numbers numbers = make_numbers();
  struct ArrowArrayStream stream = stream_of(&numbers);
  struct ArrowArrayStream released = stream_of(&numbers);
  velo_error error;
  CHECK(velo_open(NULL, NULL, &stream, &error) == VELO_INVALID_ARGUMENT);
  CHECK(error.kind == VELO_INVALID_ARGUMENT && strstr(error.message, "uri") != NULL);
  CHECK(velo_open("numbers.csv", NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "stream") != NULL);
  CHECK(velo_query(NULL, NULL, &stream, &error) == VELO_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "sql") != NULL);
  CHECK(velo_query("SELECT 1", NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(velo_run(NULL, NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(velo_copy(NULL, "x.csv", NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "from") != NULL);
  CHECK(velo_copy("numbers.csv", NULL, NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "to") != NULL);
  CHECK(velo_copy(NULL, NULL, NULL, NULL, NULL) == VELO_INVALID_ARGUMENT);
  CHECK(!numbers.released && stream.private_data == &numbers);

  CHECK(velo_write(NULL, "x.csv", NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  released.release = NULL;
  CHECK(velo_write(&released, "x.csv", NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "stream") != NULL && !exists("x.csv"));
  CHECK(velo_write(&stream, NULL, NULL, NULL, &error) == VELO_INVALID_ARGUMENT);
  CHECK(stream.release == NULL && numbers.released);
}

static void test_names(void) {
  CHECK(strncmp(velo_version(), "0.", 2) == 0);
  CHECK(strcmp(velo_kind_name(VELO_OK), "ok") == 0);
  CHECK(strcmp(velo_kind_name(VELO_INVALID_ARGUMENT), "invalid_argument") == 0);
  CHECK(strcmp(velo_kind_name(VELO_SYSTEM), "system") == 0);
  CHECK(strcmp(velo_kind_name(VELO_SYSTEM + 1), "unknown") == 0);
  CHECK(strcmp(velo_kind_name(-1), "unknown") == 0);
}

int main(void) {
  test_names();
  test_rows_go_and_come_back();
  test_sql();
  test_failures();
  test_nothing_given();
  test_stop();
  return 0;
}
