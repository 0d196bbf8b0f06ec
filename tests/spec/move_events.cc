// The two programs of the design, as they stand there.

#include <velo/api.h>

#include <cstring>
#include <iostream>
#include <optional>
#include <stop_token>

// clang-format off
arrow::Status move_events() {
  ARROW_ASSIGN_OR_RAISE(auto source, velo::create_source("kafka://localhost:9092/events?group_id=analytics"));
  ARROW_ASSIGN_OR_RAISE(auto sink, velo::create_sink("clickhouse://localhost:8123/warehouse?table=events"));
  ARROW_ASSIGN_OR_RAISE(auto reader, source->create_reader());
  ARROW_ASSIGN_OR_RAISE(auto writer, sink->create_writer());
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::optional<velo::Batch> batch, reader->read());
    if (!batch) break;                                 // the source has ended
    ARROW_RETURN_NOT_OK(writer->write(*batch));
  }
  return writer->finish();                             // flush and make visible: at least once
}

// Exactly once, resumable, parallel:
arrow::Status move_events_exactly_once(std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(auto pipeline, velo::Pipeline::make("analytics",
      "SELECT * FROM kafka('localhost:9092/events?group_id=analytics')", "clickhouse://localhost:8123/warehouse?table=events"));
  return pipeline.run(stop);
}
// clang-format on

int main(int argc, char** argv) {
  const bool exactly_once = argc > 1 && std::strcmp(argv[1], "exactly_once") == 0;
  const arrow::Status status =
      exactly_once ? move_events_exactly_once({}) : move_events();
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
