/*
 * All that could clash, in one process: TLS through the system's libcurl, Parquet and
 * simdjson in libvelo, Arrow's S3 module, DuckDB. Parquet goes round before TLS and after
 * it. one_process URL CA_FILE S3_MODULE, in a folder of its own that has in.json
 */
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <velo/velo.h>

static void fail(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void sql(const char* text) {
  velo_error error;
  if (velo_run(text, NULL, NULL, &error) != VELO_OK) fail(text, error.message);
}

/* JSON (simdjson) to Parquet, through DuckDB, to Parquet again. */
static void go_round(void) {
  sql("INSERT INTO file('rows.parquet') SELECT * FROM file('in.json')");
  sql("INSERT INTO file('sums.parquet?compression=gzip') "
      "SELECT kind, sum(id) AS total FROM file('rows.parquet') GROUP BY kind ORDER BY "
      "kind");
  sql("INSERT INTO file('sums.csv') SELECT * FROM file('sums.parquet')");
}

static size_t count(char* bytes, size_t size, size_t number, void* sum) {
  (void)bytes;
  *(size_t*)sum += size * number;
  return size * number;
}

static void get(const char* url, const char* ca_file) {
  CURL* curl = curl_easy_init();
  size_t num_bytes = 0;
  CURLcode code;
  if (curl == NULL) fail(url, "no curl");
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &num_bytes);
  code = curl_easy_perform(curl);
  if (code != CURLE_OK) fail(url, curl_easy_strerror(code));
  if (num_bytes == 0) fail(url, "an empty answer");
  curl_easy_cleanup(curl);
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK) return 1;
  go_round();
  get(argv[1], argv[2]);
  if (dlopen(argv[3], RTLD_NOW | RTLD_LOCAL) == NULL) fail(argv[3], dlerror());
  get(argv[1], argv[2]);
  go_round();
  curl_global_cleanup();
  return 0;
}
