#pragma once

/// The columns of several things, by name.

#include <arrow/type.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "velo/error.h"

namespace velo {

/// Adds schemas up: each column once, in the order in which they were first seen, of the
/// type that all have in common; the result is the same in whichever order they come, but
/// for the order of the columns. Threads: thread-compatible.
class SchemaUnion {
 public:
  /// How the types of one column meet: common_type, common_guess.
  using Meet = std::shared_ptr<arrow::DataType> (*)(
      const std::shared_ptr<arrow::DataType>&, const std::shared_ptr<arrow::DataType>&);

  /// `name_of` names what was added as the so-manieth, from 0, in messages.
  SchemaUnion(Meet meet, std::function<std::string(size_t)> name_of)
      : meet_(meet), name_of_(std::move(name_of)) {}

  /// Errors: kSchemaMismatch for a column whose types have none in common, naming it,
  /// both types and who has them; and for a name that stands twice in one of two.
  Status add(const std::shared_ptr<arrow::Schema>& schema);

  std::shared_ptr<arrow::Schema> schema() const;

 private:
  struct Column {
    std::shared_ptr<arrow::Field> field;
    size_t first_of_type = 0;  // who has brought its type
  };

  Status take(const arrow::Schema& schema);
  Status check_names(const arrow::Schema& schema, size_t number) const;
  Status mismatch(const Column& known, const arrow::Field& field) const;

  const Meet meet_;
  const std::function<std::string(size_t)> name_of_;
  std::shared_ptr<arrow::Schema> first_;
  std::shared_ptr<arrow::Schema> last_;
  std::vector<Column> columns_;  // empty while all are as the first
  std::unordered_map<std::string, size_t> numbers_;
  size_t num_added_ = 0;
};

/// A schema with what others have seen: their columns behind its own, its types widened
/// (common_type) where that works, and as they were where it does not. What is NULL
/// throughout is text. The very same where nothing is new.
std::shared_ptr<arrow::Schema> widened(const std::shared_ptr<arrow::Schema>& schema,
                                       const arrow::Schema& seen);

}  // namespace velo
