#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "velo/error.h"
#include "velo/uri.h"

namespace velo::testing {

/// Keeps a system from answering, until it is destroyed.
class Blockade {
 public:
  virtual ~Blockade() = default;
};

/// Where one test writes and reads, and nobody else: a table, a topic, a directory.
/// Destruction removes all that is there. Threads: thread-compatible.
class Place {
 public:
  virtual ~Place() = default;

  /// The address for who writes. Not asked for where nothing can be written.
  virtual Uri sink() const { return {}; }

  /// The address for who reads what was written there as these columns.
  virtual Uri source(const arrow::Schema& rows) const = 0;

  /// What a message about the place must name.
  virtual std::string name() const = 0;

  /// Wait, for a while, until all readers see what was committed.
  virtual Status settle() const { return Status::OK(); }

  /// Hear of a pipeline that is about to write here: what it keeps elsewhere goes too.
  virtual void expect_pipeline(const std::string&) {}

  /// The names of what is there and is not rows: records, staged files.
  virtual Result<std::vector<std::string>> leftovers() const {
    return std::vector<std::string>();
  }

  /// Have a sink of this place wait for the system, in the middle of what it writes.
  virtual Result<std::unique_ptr<Blockade>> block() { return nullptr; }
};

/// The address of the servers that a test is given. Errors: kNotFound where VARIABLE of
/// the environment does not say.
Result<Uri> uri_of_server(const char* variable);

/// The address with an option set.
Uri with_option(Uri uri, const std::string& name, const std::string& value);

/// Columns as the option `schema` has them: "id int64, name text".
std::string schema_option(const arrow::Schema& schema);

}  // namespace velo::testing
