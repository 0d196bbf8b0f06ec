// libavro FILE: reads all values of an Avro file by libavro's generic values, and looks at one field of each.
#include <avro.h>
#include <stdio.h>

int main(int argc, char** argv) {
  avro_file_reader_t reader;
  if (argc != 2 || avro_file_reader(argv[1], &reader)) {
    fprintf(stderr, "libavro: %s\n", argc == 2 ? avro_strerror() : "no file");
    return 1;
  }
  avro_schema_t schema = avro_file_reader_get_writer_schema(reader);
  avro_value_iface_t* kind = avro_generic_class_from_schema(schema);
  avro_value_t record;
  avro_generic_value_new(kind, &record);
  long long num_records = 0;
  long long sum = 0;
  while (!avro_file_reader_read_value(reader, &record)) {
    avro_value_t field;  // a union of null and long
    avro_value_t branch;
    int64_t value = 0;
    if (avro_value_get_by_index(&record, 0, &field, NULL) == 0 &&
        avro_value_get_current_branch(&field, &branch) == 0) {
      avro_value_get_long(&branch, &value);
    }
    sum += value;
    ++num_records;
    avro_value_reset(&record);
  }
  printf("%lld records, the first fields' sum %lld\n", num_records, sum);
  avro_value_decref(&record);
  avro_value_iface_decref(kind);
  avro_schema_decref(schema);
  return avro_file_reader_close(reader);
}
