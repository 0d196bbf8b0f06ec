// A host with an Arrow of its own in the process: rows go both ways through velo.h, and
// must be equal as that other Arrow sees them. other_arrow_host FOLDER
#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <velo/velo.h>

#include <iostream>
#include <string>

namespace {

// Text, decimals, times with a zone, nested values, dictionaries, each with a null.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> make_rows() {
  const auto type = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
       arrow::field("price", arrow::decimal128(38, 9)),
       arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Amsterdam")),
       arrow::field("tags", arrow::list(arrow::utf8()))});
  ARROW_ASSIGN_OR_RAISE(
      auto builder, arrow::RecordBatchBuilder::Make(type, arrow::default_memory_pool()));
  arrow::StringDictionary32Builder kinds;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = "row " + std::to_string(i % 97);
    ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::Int64Builder>(0)->Append(i));
    ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::StringBuilder>(1)->Append(text));
    ARROW_RETURN_NOT_OK(builder->GetFieldAs<arrow::Decimal128Builder>(2)->Append(
        arrow::Decimal128(INT64_MAX - i, 12345)));
    ARROW_RETURN_NOT_OK(
        builder->GetFieldAs<arrow::TimestampBuilder>(3)->Append(i * 1000003));
    auto* tags = builder->GetFieldAs<arrow::ListBuilder>(4);
    ARROW_RETURN_NOT_OK(tags->Append());
    auto* tag = static_cast<arrow::StringBuilder*>(tags->value_builder());
    for (int j = 0; j < i % 3; ++j) ARROW_RETURN_NOT_OK(tag->Append(text));
    ARROW_RETURN_NOT_OK(kinds.Append(text));
  }
  for (int i = 0; i < builder->num_fields(); ++i) {
    ARROW_RETURN_NOT_OK(builder->GetField(i)->AppendNull());
  }
  ARROW_RETURN_NOT_OK(kinds.AppendNull());
  ARROW_ASSIGN_OR_RAISE(const auto kind, kinds.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto rows, builder->Flush());
  return rows->AddColumn(rows->num_columns(), "kind", kind);
}

arrow::Status check(int code, const velo_error& error) {
  return code == VELO_OK ? arrow::Status::OK() : arrow::Status::IOError(error.message);
}

arrow::Status check_equal(const arrow::Table& given, const arrow::Table& expected) {
  return given.Equals(expected)
             ? arrow::Status::OK()
             : arrow::Status::Invalid("other rows: ", given.ToString());
}

arrow::Status exchange(const std::string& folder) {
  const std::string file = folder + "/rows.parquet";
  ARROW_ASSIGN_OR_RAISE(const auto rows, make_rows());
  ARROW_ASSIGN_OR_RAISE(const auto expected, arrow::Table::FromRecordBatches({rows}));
  velo_error error;

  ArrowArrayStream stream;
  ARROW_ASSIGN_OR_RAISE(auto given, arrow::RecordBatchReader::Make({rows}));
  ARROW_RETURN_NOT_OK(arrow::ExportRecordBatchReader(given, &stream));
  ARROW_RETURN_NOT_OK(
      check(velo_write(&stream, file.c_str(), nullptr, nullptr, &error), error));

  ARROW_RETURN_NOT_OK(check(velo_open(file.c_str(), nullptr, &stream, &error), error));
  ARROW_ASSIGN_OR_RAISE(auto taken, arrow::ImportRecordBatchReader(&stream));
  ARROW_ASSIGN_OR_RAISE(auto through_velo, taken->ToTable());
  ARROW_RETURN_NOT_OK(check_equal(*through_velo, *expected));

  // The host's own Parquet reads what ours wrote.
  ARROW_ASSIGN_OR_RAISE(auto input, arrow::io::ReadableFile::Open(file));
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        parquet::arrow::OpenFile(input, arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(auto read, reader->ReadTable());
  return check_equal(*read, *expected);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const arrow::Status status = exchange(argv[1]);
  if (!status.ok()) std::cerr << status.ToString() << '\n';
  std::cout << "Arrow " << arrow::GetBuildInfo().version_string << ", VeloStream "
            << velo_version() << '\n';
  return status.ok() ? 0 : 1;
}
