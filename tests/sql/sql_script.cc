#include "sql_script.h"

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "velo/sql.h"

namespace velo {
namespace {

constexpr std::string_view kFolderName = "__TEST_DIR__";

using Lines = std::vector<std::string>;

// Keeps all rows that are written.
class CollectingSink : public DataSink {
 public:
  struct Rows {
    std::shared_ptr<arrow::Schema> schema;
    Lines lines;
  };

  Status validate_schema(const arrow::Schema&) override { return Status::OK(); }
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions&) override {
    rows = {};
    return std::make_unique<Writer>(rows);
  }
  bool supports_transactions() const override { return false; }
  bool supports_upsert() const override { return false; }

  Rows rows;

 private:
  static Result<std::string> text_of(const arrow::Array& column, int64_t row) {
    if (column.IsNull(row)) return "NULL";
    ARROW_ASSIGN_OR_RAISE(const auto value, column.GetScalar(row));
    std::string text = value->ToString();
    return text.empty() ? "(empty)" : text;
  }

  class Writer : public DataWriter {
   public:
    explicit Writer(Rows& rows) : rows_(rows) {}
    Status write(const Batch& batch, std::stop_token) override {
      if (rows_.schema && !rows_.schema->Equals(*batch.rows->schema(), true)) {
        return Status::TypeError("batches of two schemas in one result");
      }
      rows_.schema = batch.rows->schema();
      ARROW_RETURN_NOT_OK(batch.rows->ValidateFull());
      for (int64_t row = 0; row < batch.rows->num_rows(); ++row) {
        Lines values;
        for (const auto& column : batch.rows->columns()) {
          ARROW_ASSIGN_OR_RAISE(values.emplace_back(), text_of(*column, row));
        }
        rows_.lines.push_back(fmt::format("{}", fmt::join(values, "\t")));
      }
      return Status::OK();
    }
    Status finish() override { return Status::OK(); }
    void abort() noexcept override {}
    int64_t bytes_written() const override { return 0; }

   private:
    Rows& rows_;
  };
};

char letter_of(const arrow::DataType& type) {
  if (arrow::is_integer(type.id())) return 'I';
  return arrow::is_floating(type.id()) || arrow::is_decimal(type.id()) ? 'R' : 'T';
}

std::string letters_of(const arrow::Schema& schema) {
  std::string letters;
  for (const auto& field : schema.fields()) letters += letter_of(*field->type());
  return letters;
}

std::string joined(const Lines& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

class ScriptRun {
 public:
  ScriptRun(std::string name, Way way, std::filesystem::path folder)
      : name_(std::move(name)),
        way_(way),
        folder_(std::move(folder)),
        session_(options()) {}

  Status run(Lines lines) {
    lines_ = std::move(lines);
    while (at_ < lines_.size()) {
      if (lines_[at_].empty() || lines_[at_].starts_with('#')) {
        ++at_;
        continue;
      }
      const size_t first = at_;
      const Status status = run_record();
      if (!status.ok()) {
        return status.WithMessage(name_, ":", first + 1, ": ", status.message());
      }
    }
    return Status::OK();
  }

 private:
  SessionOptions options() const {
    SessionOptions options;
    options.short_cut = way_ == Way::kShortCut;
    return options;
  }

  Status run_record() {
    bool skip = false;
    while (lines_[at_].starts_with("skipif ") || lines_[at_].starts_with("onlyif ")) {
      const std::string way = lines_[at_].substr(7);
      if (way != "short_cut" && way != "duckdb")
        return Status::Invalid("unknown way ", way);
      const bool is_this = (way == "short_cut") == (way_ == Way::kShortCut);
      skip = skip || is_this == lines_[at_].starts_with("skipif ");
      ++at_;
    }
    const std::string head = lines_[at_++];
    if (head.starts_with("file ")) return make_file(head.substr(5));
    const std::string sql = joined(take_until("----"));
    Lines expected;
    if (at_ > 0 && lines_[at_ - 1] == "----") expected = take_until("");
    if (skip) return Status::OK();
    if (head == "statement ok") return session_.execute(sql, execute_options());
    if (head == "statement error") return expect_error(sql, joined(expected));
    if (head.starts_with("query ")) return expect_rows(head.substr(6), sql, expected);
    return Status::Invalid("not a record: ", head);
  }

  // The lines up to a blank one or `end`, which are passed.
  Lines take_until(std::string_view end) {
    Lines taken;
    while (at_ < lines_.size() && !lines_[at_].empty() && lines_[at_] != end) {
      taken.push_back(with_folder(lines_[at_++]));
    }
    ++at_;
    return taken;
  }

  std::string with_folder(std::string line) const {
    for (size_t at = 0; (at = line.find(kFolderName)) != std::string::npos;) {
      line.replace(at, kFolderName.size(), folder_.string());
    }
    return line;
  }

  Status make_file(const std::string& name) {
    std::ofstream file(folder_ / name, std::ios::binary);
    for (const std::string& line : take_until("")) file << line << '\n';
    return file ? Status::OK() : Status::IOError("cannot write ", name);
  }

  ExecuteOptions execute_options() {
    ExecuteOptions options;
    options.name = "test.sql";
    options.results = &sink_;
    return options;
  }

  Status expect_error(const std::string& sql, const std::string& expected) {
    const Status status = session_.execute(sql, execute_options());
    if (status.ok()) return Status::Invalid("no error where there must be: ", expected);
    if (status.message().find(expected) != std::string::npos) return Status::OK();
    return Status::Invalid("expected the error\n", expected, "\nbut got\n",
                           status.message());
  }

  Status expect_rows(const std::string& kind, const std::string& sql, Lines expected) {
    ARROW_RETURN_NOT_OK(session_.execute(sql, execute_options()));
    const std::string letters = kind.substr(0, kind.find(' '));
    Lines found = sink_.rows.lines;
    if (letters_of(*sink_.rows.schema) != letters) {
      return Status::Invalid("expected columns ", letters, " but got ",
                             sink_.rows.schema->ToString());
    }
    if (kind.ends_with(" rowsort")) {
      std::sort(found.begin(), found.end());
      std::sort(expected.begin(), expected.end());
    }
    if (found == expected) return Status::OK();
    return Status::Invalid("expected\n", joined(expected), "\nbut got\n", joined(found));
  }

  const std::string name_;
  const Way way_;
  const std::filesystem::path folder_;
  Session session_;
  CollectingSink sink_;
  Lines lines_;
  size_t at_ = 0;
};

}  // namespace

Status run_sql_script(const std::filesystem::path& script, Way way,
                      const std::filesystem::path& folder) {
  std::ifstream file(script);
  Lines lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (lines.empty())
    return Status::IOError("an empty script, or none: ", script.string());
  return ScriptRun(script.filename().string(), way, folder).run(std::move(lines));
}

}  // namespace velo
