// Decodes any bytes as messages of a type that has fields of every kind, in small blocks
// and in large ones, and what comes of them is written and read again. The bytes are
// taken for a descriptor file, too.

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "velo/formats/protobuf/decoder.h"
#include "velo/formats/protobuf/descriptor.h"
#include "velo/formats/protobuf/encoder.h"
#include "velo/formats/protobuf/types.h"
#include "velo/formats/protobuf/wire.h"

namespace {

using velo::formats::DecodeOptions;
using namespace velo::formats::protobuf;

std::string field_of(const char* name, uint32_t number, FieldType type, bool is_repeated,
                     const char* type_name = "") {
  std::string field;
  append_bytes(1, name, field);
  append_tag(3, WireType::kVarint, field);
  append_varint(number, field);
  append_tag(4, WireType::kVarint, field);
  append_varint(is_repeated ? 3 : 1, field);
  append_tag(5, WireType::kVarint, field);
  append_varint(static_cast<uint64_t>(type), field);
  if (*type_name != '\0') append_bytes(6, type_name, field);
  std::string tagged;
  append_bytes(2, field, tagged);
  return tagged;
}

// Message M has each type once by itself (fields 1 to 16), and once repeated (17 to 32);
// 33 is a map.
MessageType make_type() {
  std::string inner;
  append_bytes(1, "Inner", inner);
  inner += field_of("x", 1, FieldType::kInt32, false);
  inner += field_of("texts", 2, FieldType::kString, true);
  std::string entry;
  append_bytes(1, "Entry", entry);
  entry += field_of("key", 1, FieldType::kString, false);
  entry += field_of("value", 2, FieldType::kMessage, false, ".Inner");
  std::string options;
  append_tag(7, WireType::kVarint, options);
  append_varint(1, options);
  append_bytes(7, options, entry);
  std::string message;
  append_bytes(1, "M", message);
  uint32_t number = 0;
  for (const bool is_repeated : {false, true}) {
    for (uint8_t type = 1; type <= 18; ++type) {
      const auto field_type = static_cast<FieldType>(type);
      if (field_type == FieldType::kGroup || field_type == FieldType::kEnum) continue;
      ++number;
      message += field_of(("f" + std::to_string(number)).c_str(), number, field_type,
                          is_repeated, field_type == FieldType::kMessage ? ".Inner" : "");
    }
  }
  message += field_of("map", 33, FieldType::kMessage, true, ".Entry");
  std::string file;
  for (const std::string& one : {inner, entry, message}) append_bytes(4, one, file);
  append_bytes(12, "proto3", file);
  std::string set;
  append_bytes(1, file, set);
  return MessageType::make(DescriptorSet::parse(set).ValueOrDie(), "M").ValueOrDie();
}

velo::Result<std::shared_ptr<arrow::Table>> decode(const std::string& bytes,
                                                   const MessageType& type,
                                                   bool keeps_bad, int64_t block_bytes) {
  DecodeOptions options;
  options.keep_bad_records = keeps_bad;
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  ARROW_ASSIGN_OR_RAISE(
      const auto decoder,
      make_decoder({"input", std::move(stream), nullptr}, type, options,
                   {.block_bytes = block_bytes, .max_record_bytes = 1 << 16}));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (!batch) break;
    if (!batch->ValidateFull().ok()) std::abort();
    for (const auto& bad : decoder->take_bad_records()) {
      if (bad.num_rows_before > batch->num_rows()) std::abort();
      if (bytes.find(bad.record.bytes) == std::string::npos) std::abort();
    }
    batches.push_back(std::move(batch));
  }
  ARROW_ASSIGN_OR_RAISE(auto table,
                        arrow::Table::FromRecordBatches(decoder->schema(), batches));
  return table->CombineChunks();
}

bool equal(const arrow::Table& one, const arrow::Table& other) {
  return one.Equals(other, arrow::EqualOptions().nans_equal(true));
}

void check(const std::string& bytes, const MessageType& type, bool keeps_bad) {
  const auto large = decode(bytes, type, keeps_bad, 1 << 20);
  const auto small = decode(bytes, type, keeps_bad, 16);
  if (large.ok() != small.ok()) std::abort();
  if (!large.ok()) return;
  if (!equal(**large, **small)) std::abort();
  const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto encoder =
      make_encoder(output, *(*large)->schema(), type, 1 << 30).ValueOrDie();
  arrow::TableBatchReader batches(**large);
  while (const auto batch = batches.Next().ValueOrDie()) {
    if (!encoder->write(*batch).ok()) std::abort();
  }
  const std::string written = output->Finish().ValueOrDie()->ToString();
  const auto again = decode(written, type, false, 1 << 20);
  if (again.ok() && !equal(**again, **large)) std::abort();
}

// For types that were made of any bytes: nothing; fields 1, 17, 26 and 28, of which the
// last two are of a oneof; field 25, a map.
constexpr std::string_view kSomeMessages(
    "\x00"
    "\x0C\x08\x05\x88\x01\x01\xD2\x01\x01l\xE0\x01\x01"
    "\x05\xCA\x01\x02\x08\x07",
    20);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const MessageType type = make_type();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, type, /*keeps_bad=*/false);
  check(bytes, type, /*keeps_bad=*/true);
  auto set = DescriptorSet::parse(bytes);
  if (!set.ok()) return 0;
  for (const char* name : {"M", "shop.Order", "legacy.Part"}) {
    if (!set->find(name).ok()) continue;
    const auto any = MessageType::make(*std::move(set), name);
    if (any.ok() && schema_of(any->message()).ok()) {
      check(std::string(kSomeMessages), *any, /*keeps_bad=*/true);
    }
    break;
  }
  return 0;
}
