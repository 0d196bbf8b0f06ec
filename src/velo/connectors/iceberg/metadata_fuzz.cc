/// Bytes as what a table's metadata directory holds: manifests, lists of them, JSON.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "velo/base/utf8.h"
#include "velo/connectors/iceberg/manifest.h"
#include "velo/connectors/iceberg/scan.h"
#include "velo/connectors/iceberg/table_commit.h"
#include "velo/connectors/iceberg/table_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo::iceberg;  // NOLINT: short, and nobody includes this
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)decode_manifest({.path = "manifest.avro"}, bytes);
  const auto list = decode_manifest_list("list.avro", bytes);
  if (list.ok()) {
    // What is read can be written, and read again.
    const std::string again = encode_manifest_list(*list, {});
    if (decode_manifest_list("again.avro", again)->size() != list->size()) std::abort();
  }
  const auto metadata = parse_table_metadata("metadata.json", std::string(bytes));
  if (metadata.ok()) {
    for (const auto& [id, snapshot] : metadata->snapshots) {
      (void)is_ancestor(*metadata, id, metadata->ref("main").value_or(0));
    }
    (void)arrow_schema_of(metadata->schema());
    const auto next = apply({.changed_refs = {{"main", {.snapshot_id = 1}}}}, *metadata,
                            "metadata.json");
    if (!next.ok() || !parse_table_metadata("next.json", *next).ok()) std::abort();
  }
  return 0;
}
