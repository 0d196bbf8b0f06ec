/// Bytes as messages of a topic: lines, each the key and the payload of a record's
/// message, and each a message that is to be a row.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "velo/connectors/kafka/json_messages.h"
#include "velo/connectors/kafka/record.h"
#include "velo/connectors/kafka/split_reader.h"

namespace {

using namespace velo::kafka;  // NOLINT: nobody includes this

void check_position(std::string_view bytes) {
  const auto partition = partition_of("t", velo::SplitId(bytes));
  if (partition.ok() && *partition < 0) std::abort();
  const auto offset = decode_position("t/0", velo::Position{std::string(bytes)});
  if (offset.ok() && encode_position(*offset).bytes != bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RecordLog log;
  JsonMessages messages("t: partition 0");
  int64_t offset = 0;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t tab = std::min(line.find('\t'), line.size());
    (void)log.add(line.substr(0, tab), line.substr(std::min(tab + 1, line.size())));
    (void)messages.append(offset++, line);
    check_position(line);
  }
  (void)log.record();
  JsonMessages good = messages;
  const int64_t num_messages = messages.num_messages();
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
  const auto bad = good.take_bad({.schema = schema});
  if (!bad.ok() || std::ssize(*bad) + good.num_messages() != num_messages ||
      !good.decode({.schema = schema}).ok()) {
    std::abort();
  }
  const auto decoded = messages.decode({.schema = schema, .columns = std::nullopt});
  if (decoded.ok() != bad->empty()) std::abort();
  if (!decoded.ok()) return 0;
  int64_t num_rows = 0;
  for (const auto& batch : decoded->batches) {
    if (!batch->ValidateFull().ok()) std::abort();
    num_rows += batch->num_rows();
  }
  if (num_rows != num_messages) std::abort();
  return 0;
}
