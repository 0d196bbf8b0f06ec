#pragma once

#include <utility>

namespace velo::sql {

/// Owns one of DuckDB's handles, which all are destroyed by `void f(Handle*)`.
template <typename Handle>
class DuckdbHandle {
 public:
  using Destroy = void (*)(Handle*);

  explicit DuckdbHandle(Destroy destroy, Handle handle = {})
      : destroy_(destroy), handle_(handle) {}
  ~DuckdbHandle() { reset(); }
  DuckdbHandle(DuckdbHandle&& other) noexcept
      : destroy_(other.destroy_), handle_(std::exchange(other.handle_, {})) {}
  DuckdbHandle& operator=(DuckdbHandle&& other) noexcept {
    if (this != &other) {
      reset();
      destroy_ = other.destroy_;
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }

  Handle get() const { return handle_; }
  explicit operator bool() const { return handle_ != Handle{}; }
  /// Where a function puts a new handle.
  Handle* out() {
    reset();
    return &handle_;
  }
  void reset() {
    if (handle_ != Handle{}) destroy_(&handle_);
    handle_ = {};
  }

 private:
  Destroy destroy_;
  Handle handle_;
};

}  // namespace velo::sql
