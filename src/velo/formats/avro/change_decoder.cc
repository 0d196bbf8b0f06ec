// Changes in Debezium's envelope (envelope.h), as rows with `_op` and its like.

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/formats/avro/arrow_types.h"
#include "velo/formats/avro/decoder.h"
#include "velo/formats/avro/envelope.h"
#include "velo/formats/avro/program.h"
#include "velo/formats/changes.h"
#include "velo/formats/projection.h"

namespace velo::formats::avro {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// A batch of envelopes; nullptr for a part that they have not.
class Envelopes {
 public:
  static Result<Envelopes> of(const arrow::RecordBatch& batch) {
    Envelopes parts;
    parts.op_ = std::static_pointer_cast<arrow::StringArray>(batch.GetColumnByName("op"));
    parts.after_ =
        std::static_pointer_cast<arrow::StructArray>(batch.GetColumnByName("after"));
    parts.before_ =
        std::static_pointer_cast<arrow::StructArray>(batch.GetColumnByName("before"));
    parts.reader_us_ = batch.GetColumnByName("ts_us");
    parts.reader_ms_ = batch.GetColumnByName("ts_ms");
    const ArrayPtr source = batch.GetColumnByName("source");
    if (source == nullptr) return parts;
    const auto& told = static_cast<const arrow::StructArray&>(*source);
    for (const auto& [name, part] :
         {std::pair{"ts_us", &parts.source_us_}, std::pair{"ts_ms", &parts.source_ms_},
          std::pair{"position", &parts.position_},
          std::pair{"sequence", &parts.sequence_}, std::pair{"lsn", &parts.lsn_}}) {
      const int index =
          static_cast<const arrow::StructType&>(*source->type()).GetFieldIndex(name);
      if (index < 0) continue;
      ARROW_ASSIGN_OR_RAISE(*part, told.GetFlattenedField(index));
    }
    return parts;
  }

  int64_t size() const { return op_->length(); }

  // nullopt where it is none.
  std::optional<char> op(int64_t row) const {
    const std::string_view op = op_->IsValid(row) ? op_->GetView(row) : "";
    const bool is_known =
        is_operation(op) || op == std::string_view(&kMessageOfApplication, 1);
    return is_known ? std::optional(op.front()) : std::nullopt;
  }

  // The row that the change speaks of is there.
  bool has_row(int64_t row, char op) const {
    const arrow::StructArray* const rows = op == 'd' ? before_.get() : after_.get();
    return rows != nullptr && rows->IsValid(row);
  }

  // Microseconds, by the source, else by who has read it; nullopt where neither tells.
  // False where that is in no year from 0000 to 9999.
  bool time(int64_t row, std::optional<int64_t>& time) const {
    auto micros = number_at(source_us_, row);
    auto millis = number_at(source_ms_, row);
    if (!micros && !millis) {
      micros = number_at(reader_us_, row);
      millis = number_at(reader_ms_, row);
    }
    const bool is_told = micros || millis;
    time = is_told ? time_of_change(micros, millis) : std::nullopt;
    return time.has_value() || !is_told;
  }

  std::string position(int64_t row) const {
    for (const ArrayPtr& text : {position_, sequence_}) {
      if (!is_there(text, row)) continue;
      const auto view = static_cast<const arrow::StringArray&>(*text).GetView(row);
      if (!view.empty()) return std::string(view);
    }
    const auto lsn = number_at(lsn_, row);
    return lsn ? std::to_string(*lsn) : std::string();
  }

  // The rows that the changes speak of; NULL where they speak of none.
  Result<ArrayPtr> column(int index, const ArrayPtr& are_deleted,
                          const ArrayPtr& are_truncated) const {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr values, after_->GetFlattenedField(index));
    if (are_truncated) {
      ARROW_ASSIGN_OR_RAISE(
          values, if_else(are_truncated, arrow::MakeNullScalar(values->type()), values));
    }
    if (!are_deleted) return values;
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr before, before_->GetFlattenedField(index));
    return if_else(are_deleted, before, values);
  }

 private:
  static bool is_there(const ArrayPtr& column, int64_t row) {
    return column != nullptr && column->IsValid(row);
  }

  // Of a long, whatever it means.
  static std::optional<int64_t> number_at(const ArrayPtr& column, int64_t row) {
    if (!is_there(column, row)) return std::nullopt;
    return column->data()->GetValues<int64_t>(1)[row];
  }

  static Result<ArrayPtr> if_else(const ArrayPtr& mask, const arrow::Datum& yes,
                                  const arrow::Datum& no) {
    ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum chosen,
                          arrow::compute::CallFunction("if_else", {mask, yes, no}));
    return chosen.make_array();
  }

  std::shared_ptr<arrow::StringArray> op_;
  std::shared_ptr<arrow::StructArray> after_;
  std::shared_ptr<arrow::StructArray> before_;
  ArrayPtr source_us_, source_ms_, reader_us_, reader_ms_;
  ArrayPtr position_, sequence_, lsn_;
};

// What the changes of a batch say of themselves.
class Marks {
 public:
  Status add(char op, std::optional<int64_t> at, const std::string& position) {
    ops_ += op;
    ARROW_RETURN_NOT_OK(op_.Append(&op, 1));
    ARROW_RETURN_NOT_OK(at ? at_.Append(*at) : at_.AppendNull());
    ARROW_RETURN_NOT_OK(position.empty() ? position_.AppendNull()
                                         : position_.Append(position));
    ARROW_RETURN_NOT_OK(are_deleted_.Append(op == 'd'));
    ARROW_RETURN_NOT_OK(are_truncated_.Append(op == 't'));
    return are_changes_.Append(op != kMessageOfApplication);
  }

  const std::string& ops() const { return ops_; }
  bool has(char op) const { return ops_.find(op) != std::string::npos; }

  // nullptr where there is none.
  Result<ArrayPtr> are_deleted() { return mask('d', are_deleted_); }
  Result<ArrayPtr> are_truncated() { return mask('t', are_truncated_); }
  Result<ArrayPtr> are_changes() { return mask(kMessageOfApplication, are_changes_); }

  // In the order of with_change_columns().
  Result<arrow::ArrayVector> finish(const std::vector<std::string>& unset) {
    arrow::ArrayVector columns(4);
    ARROW_ASSIGN_OR_RAISE(columns[0], op_.Finish());
    ARROW_ASSIGN_OR_RAISE(columns[1], at_.Finish());
    ARROW_ASSIGN_OR_RAISE(columns[2], position_.Finish());
    ARROW_ASSIGN_OR_RAISE(columns[3], unset_column(unset, std::ssize(ops_)));
    return columns;
  }

 private:
  Result<ArrayPtr> mask(char op, arrow::BooleanBuilder& builder) const {
    if (!has(op)) return nullptr;
    return builder.Finish();
  }

  std::string ops_;
  arrow::StringBuilder op_;
  arrow::TimestampBuilder at_{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                              arrow::default_memory_pool()};
  arrow::StringBuilder position_;
  arrow::BooleanBuilder are_deleted_;
  arrow::BooleanBuilder are_truncated_;
  arrow::BooleanBuilder are_changes_;
};

class ChangeDecoder : public Decoder {
 public:
  // `schema`: the columns wanted. The envelopes' rows have those that these are made of.
  ChangeDecoder(std::string name, std::unique_ptr<Decoder> envelopes,
                std::shared_ptr<arrow::Schema> schema)
      : name_(std::move(name)),
        envelopes_(std::move(envelopes)),
        rows_(envelopes_->schema()->GetFieldByName("after")->type()->fields()),
        schema_(std::move(schema)) {
    const arrow::Schema made(with_change_columns(rows_));
    for (const auto& field : schema_->fields()) {
      places_.push_back(static_cast<size_t>(made.GetFieldIndex(field->name())));
    }
  }

  void limit_memory(int64_t num_bytes) override {
    // The rows are made of the parts, and then both are there.
    envelopes_->limit_memory(num_bytes / 2);
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, envelopes_->next(stop));
      if (batch == nullptr) return nullptr;
      ARROW_ASSIGN_OR_RAISE(auto rows, rows_of(*batch));
      num_records_ += batch->num_rows();
      if (rows->num_rows() > 0) return rows;
    }
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> rows_of(const arrow::RecordBatch& batch) {
    ARROW_ASSIGN_OR_RAISE(const Envelopes envelopes, Envelopes::of(batch));
    Marks marks;
    for (int64_t row = 0; row < envelopes.size(); ++row) {
      ARROW_RETURN_NOT_OK(add(envelopes, row, marks));
    }
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr are_deleted, marks.are_deleted());
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr are_truncated, marks.are_truncated());
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr are_changes, marks.are_changes());
    arrow::ArrayVector made(rows_.size());
    std::vector<std::string> unset;
    for (size_t i = 0; i < rows_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(
          made[i], envelopes.column(static_cast<int>(i), are_deleted, are_truncated));
      const auto unsent = unsent_rows(*made[i]->data());
      if (unsent.empty()) continue;
      add_unset(rows_[i]->name(), unsent, marks.ops(), unset);
      ARROW_ASSIGN_OR_RAISE(const auto sent, with_nulls(made[i]->data(), unsent));
      made[i] = arrow::MakeArray(sent);
    }
    ARROW_ASSIGN_OR_RAISE(const auto of_changes, marks.finish(unset));
    made.insert(made.end(), of_changes.begin(), of_changes.end());
    arrow::ArrayVector columns;
    for (const size_t place : places_) columns.push_back(made[place]);
    auto rows = arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
    if (!are_changes) return rows;
    ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum kept,
                          arrow::compute::Filter(rows, are_changes));
    return kept.record_batch();
  }

  Status add(const Envelopes& envelopes, int64_t row, Marks& marks) const {
    const std::optional<char> op = envelopes.op(row);
    if (!op) return failure(row, R"("op" is none of "r", "c", "u", "d", "t" and "m")");
    if (op == kMessageOfApplication) return marks.add(*op, {}, {});
    if (op != 't' && !envelopes.has_row(row, *op)) {
      return failure(
          row, fmt::format(R"(the change has no row: "op" is "{}", and "{}" is null)",
                           *op, op == 'd' ? "before" : "after"));
    }
    std::optional<int64_t> at;
    if (!envelopes.time(row, at)) {
      return failure(row, "the time of the change is in no year from 0000 to 9999");
    }
    return marks.add(*op, at, envelopes.position(row));
  }

  Status failure(int64_t row, std::string message) const {
    return make_error(
        ErrorKind::kCorruptData,
        {.resource = name_, .position = fmt::format("record {}", num_records_ + row + 1)},
        std::move(message));
  }

  const std::string name_;
  const std::unique_ptr<Decoder> envelopes_;
  const arrow::FieldVector rows_;  // their columns
  const std::shared_ptr<arrow::Schema> schema_;
  std::vector<size_t> places_;  // of its columns, among rows_ and those of the change
  int64_t num_records_ = 0;     // before the batch at hand
};

// The columns of rows that have to be decoded: those wanted, and all for `_unset`, which
// tells of each.
std::vector<int> indices_to_decode(const Projection& projection, int num_columns) {
  std::vector<int> indices;
  const bool is_each_told_of = projection.schema->GetFieldIndex(kUnsetColumn) >= 0;
  for (int i = 0; i < num_columns; ++i) {
    const bool is_wanted = std::ranges::count(projection.indices, i) > 0;
    if (is_each_told_of || is_wanted) indices.push_back(i);
  }
  return indices;
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_change_decoder(Input input,
                                                     const DecodeOptions& options,
                                                     int64_t max_block_bytes) {
  const std::string name = input.name;
  const bool is_given = options.schema && !options.is_inferred;
  std::shared_ptr<arrow::Schema> schema;
  const auto wanted_of = [&](const SchemaPtr& written) -> Result<SchemaPtr> {
    ARROW_ASSIGN_OR_RAISE(
        const SchemaPtr row,
        row_of_envelope(*written, is_given ? options.schema.get() : nullptr));
    ARROW_ASSIGN_OR_RAISE(const auto columns, arrow_schema_of(*row));
    const arrow::Schema whole(with_change_columns(columns->fields()));
    ARROW_ASSIGN_OR_RAISE(
        const Projection projection,
        project(
            whole,
            options.is_inferred ? known_columns(whole, options.columns) : options.columns,
            name));
    schema = projection.schema;
    ARROW_ASSIGN_OR_RAISE(
        const SchemaPtr decoded,
        with_fields(*row, indices_to_decode(projection, columns->num_fields())));
    return parts_of_envelope(*written, decoded);
  };
  ARROW_ASSIGN_OR_RAISE(
      auto envelopes,
      make_resolving_decoder(std::move(input), wanted_of, {}, max_block_bytes));
  return std::make_unique<ChangeDecoder>(name, std::move(envelopes), std::move(schema));
}

}  // namespace velo::formats::avro
