/*
 * VeloStream's C interface: for other languages, and for hosts with an Arrow of their
 * own. Rows cross it as streams of the Arrow C data interface, so no version of Arrow has
 * to agree.
 *
 * Every function that can fail returns VELO_OK or the kind of failure, and describes it
 * in *error unless that is NULL. Nothing is thrown, printed or left to be freed; a stream
 * or a text that is NULL is VELO_INVALID_ARGUMENT.
 *
 * Threads: all functions may be called from any thread at the same time; a stream by one
 * thread at a time. Functions that move rows block until they are done, fail, or see a
 * stop.
 */
#ifndef VELO_VELO_H
#define VELO_VELO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The Arrow C data interface, https://arrow.apache.org/docs/format/CDataInterface.html.
 */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

#endif /* ARROW_C_STREAM_INTERFACE */

/* Kinds of failure: those of velo::ErrorKind, each one higher. Append only. */
enum velo_kind {
  VELO_OK = 0,
  VELO_INVALID_ARGUMENT = 1, /* a URI, an option that cannot be meant */
  VELO_NOT_FOUND = 2,
  VELO_ALREADY_EXISTS = 3,
  VELO_UNAUTHENTICATED = 4,
  VELO_PERMISSION_DENIED = 5,
  VELO_TRANSIENT = 6, /* trying again may help */
  VELO_THROTTLED = 7, /* trying again later will help */
  VELO_CONFLICT = 8,
  VELO_COMMIT_STATE_UNKNOWN = 9, /* it may have happened */
  VELO_COMMIT_LOST = 10,
  VELO_FENCED = 11,
  VELO_POSITION_LOST = 12,
  VELO_CORRUPT_DATA = 13, /* bytes that do not say what their format demands */
  VELO_SCHEMA_MISMATCH = 14,
  VELO_CANCELLED = 15, /* a stop was asked for */
  VELO_NOT_IMPLEMENTED = 16,
  VELO_INTERNAL = 17, /* a bug in VeloStream */
  VELO_SYSTEM = 18    /* the machine refuses: disk full, out of memory */
};

/* What went wrong, for a person: which resource, at which position, what to do. UTF-8,
 * ends in a zero, without secrets; a message that is longer is cut and ends in "...". */
typedef struct velo_error {
  int32_t kind; /* an enum velo_kind */
  char message[2044];
} velo_error;

/* What was moved. */
typedef struct velo_progress {
  int64_t num_rows;
  int64_t bytes_written; /* by the sink, after compression */
  int64_t elapsed_nanoseconds;
} velo_progress;

/* The library's version: "0.1.0". */
const char* velo_version(void);

/* The name of a kind, as in logs: "invalid_argument"; "unknown" for a number that is
 * none. */
const char* velo_kind_name(int kind);

/* A request to stop, to be made from another thread than the one that is to stop. NULL is
 * accepted wherever a handle is: there will be no request. A handle may be freed while
 * what was given it still runs. Not for signal handlers. */
typedef struct velo_stop velo_stop;
velo_stop* velo_stop_new(void); /* NULL: out of memory */
void velo_stop_request(velo_stop* stop);
void velo_stop_free(velo_stop* stop);

/* Read the source at `uri` as a stream, which the caller releases. Blocks until the first
 * batch is there. A failure after that comes out of the stream, as an errno and a text.
 * After a failure here *stream is as it was. */
int velo_open(const char* uri, const velo_stop* stop, struct ArrowArrayStream* stream,
              velo_error* error);

/* Write all of a stream into the sink at `uri`. The stream is called on this thread only,
 * and released in any case. On success every row is visible in the sink; after a failure
 * or a stop nothing is. `progress` may be NULL; it is written on success. */
int velo_write(struct ArrowArrayStream* stream, const char* uri, const velo_stop* stop,
               velo_progress* progress, velo_error* error);

/* Copy all rows of the source at `from` into the sink at `to`, reading on a thread of its
 * own. As velo_write otherwise. It keeps no record of its position: run again, it starts
 * anew. */
int velo_copy(const char* from, const char* to, const velo_stop* stop,
              velo_progress* progress, velo_error* error);

/* The rows that the last statement of `sql` yields, as a stream; those before it must be
 * CREATE without INSERT INTO. As velo_open otherwise. */
int velo_query(const char* sql, const velo_stop* stop, struct ArrowArrayStream* stream,
               velo_error* error);

/* Run the statements of `sql` in order; the first failure ends it. Each must write into a
 * sink or name something: a SELECT is refused. `progress` is the sum. */
int velo_run(const char* sql, const velo_stop* stop, velo_progress* progress,
             velo_error* error);

#ifdef __cplusplus
}
#endif

#endif /* VELO_VELO_H */
