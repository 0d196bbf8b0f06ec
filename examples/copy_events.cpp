// Move all rows of a source into a sink, batch by batch: copy_events SOURCE SINK
#include <velo/api.h>

#include <iostream>
#include <string_view>

arrow::Status copy_events(std::string_view from, std::string_view to) {
  ARROW_ASSIGN_OR_RAISE(auto source, velo::create_source(from));
  ARROW_ASSIGN_OR_RAISE(auto sink, velo::create_sink(to));
  ARROW_ASSIGN_OR_RAISE(auto reader, source->create_reader());
  ARROW_ASSIGN_OR_RAISE(auto writer, sink->create_writer());
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::optional<velo::Batch> batch, reader->read());
    if (!batch) break;  // the source has ended
    ARROW_RETURN_NOT_OK(writer->write(*batch));
  }
  return writer->finish();  // flush and make visible
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: copy_events SOURCE SINK\n";
    return 2;
  }
  const arrow::Status status = copy_events(argv[1], argv[2]);
  if (!status.ok()) std::cerr << "copy_events: " << status.message() << '\n';
  return status.ok() ? 0 : 1;
}
