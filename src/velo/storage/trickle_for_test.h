#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "velo/error.h"

namespace velo::storage {

/// Gives no more than so many bytes at a time, as a pipe does.
class Trickle : public arrow::io::InputStream {
 public:
  Trickle(std::string bytes, int64_t most) : bytes_(std::move(bytes)), most_(most) {}

  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    const auto rest = static_cast<int64_t>(bytes_.size()) - position_;
    const int64_t num_read = std::min({num_bytes, most_, rest});
    std::copy_n(bytes_.data() + position_, num_read, static_cast<char*>(out));
    position_ += num_read;
    return num_read;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t) override {
    return Status::NotImplemented("nobody reads so");
  }
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }
  Result<int64_t> Tell() const override { return position_; }

 private:
  const std::string bytes_;
  const int64_t most_;
  int64_t position_ = 0;
};

}  // namespace velo::storage
