/// Bytes as messages of a replication stream, each after its size in two bytes, taken
/// into rows of a table with a column of every form.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "velo/base/big_endian.h"
#include "velo/connectors/postgresql/cdc/change_log.h"
#include "velo/connectors/postgresql/cdc/stream_message.h"

namespace {

using namespace velo;              // NOLINT: short, and nobody includes this
using namespace velo::postgresql;  // NOLINT

CapturedTable table_of_every_form() {
  CapturedTable table{.relation = 0x4001, .schema = "public", .name = "t"};
  const auto add = [&](const char* name, uint32_t type, ValueForm form) {
    table.columns.push_back({.relation = {name, type, -1},
                             .result = {name, type, -1},
                             .form = form,
                             .is_key = table.columns.empty()});
  };
  add("id", kInt8, ValueForm::kAsIs);
  add("name", kText, ValueForm::kAsIs);
  add("uid", 2950, ValueForm::kUuid);
  add("doc", 3802, ValueForm::kJsonb);
  add("fixed", kBpchar, ValueForm::kPadded);
  return table;
}

Status take(ChangeLog& log, std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(const StreamMessage message, decode_stream_message(bytes));
  if (const auto* alive = std::get_if<KeepAlive>(&message)) {
    log.pass(alive->end);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const ChangeMessage change,
                        decode_change_message(std::get<StreamData>(message).bytes));
  return log.take(change);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const CapturedTable table = table_of_every_form();
  auto rows = ChangeRows::make(table, std::nullopt);
  if (!rows.ok()) std::abort();
  ChangeLog log(table, {}, **rows);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (rest.size() >= sizeof(uint16_t)) {
    const auto next = read_big_endian<uint16_t>(rest.data());
    rest.remove_prefix(sizeof(uint16_t));
    if (!take(log, rest.substr(0, next)).ok()) return 0;
    rest.remove_prefix(std::min<size_t>(next, rest.size()));
  }
  const auto batch = (*rows)->take();
  if (!batch.ok() || !(*batch)->ValidateFull().ok()) std::abort();
  return 0;
}
