#include "velo/http/libcurl.h"

#include <fmt/format.h>

#include "velo/base/function_loader.h"

namespace velo::http {
namespace {

constexpr SystemLibrary kLibrary{.file_name = "libcurl.so.4",
                                 .connector = "",
                                 .what = "the HTTP library",
                                 .package = "libcurl4",
                                 .oldest = "curl 7.66"};

void load_functions(FunctionLoader& loader, Libcurl& library) {
  loader.load("curl_global_init", library.global_init);
  loader.load("curl_easy_init", library.easy_init);
  loader.load("curl_easy_reset", library.easy_reset);
  loader.load("curl_easy_cleanup", library.easy_cleanup);
  loader.load("curl_easy_setopt", library.easy_setopt);
  loader.load("curl_easy_getinfo", library.easy_getinfo);
  loader.load("curl_easy_strerror", library.easy_strerror);
  loader.load("curl_multi_init", library.multi_init);
  loader.load("curl_multi_cleanup", library.multi_cleanup);
  loader.load("curl_multi_add_handle", library.multi_add_handle);
  loader.load("curl_multi_remove_handle", library.multi_remove_handle);
  loader.load("curl_multi_perform", library.multi_perform);
  loader.load("curl_multi_poll", library.multi_poll);
  loader.load("curl_multi_info_read", library.multi_info_read);
  loader.load("curl_multi_strerror", library.multi_strerror);
  loader.load("curl_getdate", library.getdate);
  loader.load("curl_slist_append", library.slist_append);
  loader.load("curl_slist_free_all", library.slist_free_all);
}

Result<Libcurl> start_library() {
  ARROW_ASSIGN_OR_RAISE(const Libcurl library,
                        load_system_library(kLibrary, load_functions));
  const CURLcode begun = library.global_init(CURL_GLOBAL_DEFAULT);
  if (begun == CURLE_OK) return library;
  return make_error(
      ErrorKind::kSystem, {},
      fmt::format("the HTTP library does not start: {}", library.easy_strerror(begun)));
}

}  // namespace

Result<const Libcurl*> libcurl() {
  static const Result<Libcurl> the_library = start_library();
  ARROW_RETURN_NOT_OK(the_library.status());
  return &*the_library;
}

}  // namespace velo::http
