#include "builder/remote_files.h"

#include <catch2/catch.hpp>

#include "builder/secret_lookup.h"

using ibuild::builder::file_name_of_url;

TEST_CASE("remote_files: a file is called by the last part of the URL's path", "[builder]") {
  CHECK(file_name_of_url("http://h/foo") == "foo");
  CHECK(file_name_of_url("https://h:1/a/b/t.tar.gz?x=/1#f") == "t.tar.gz");
  CHECK(file_name_of_url("http://h/dir/") == "dir");
  CHECK(file_name_of_url("http://h/a%20b") == "a b");
  CHECK(file_name_of_url("http://h/q?x=1") == "q");
}

TEST_CASE("remote_files: a URL without a name gives none to the file", "[builder]") {
  CHECK(file_name_of_url("http://h") == "__unnamed__");
  CHECK(file_name_of_url("http://h/") == "__unnamed__");
  CHECK(file_name_of_url("http://h//") == "__unnamed__");
  CHECK(file_name_of_url("http://h/.") == "__unnamed__");
  CHECK(file_name_of_url("http://h/%zz") == "__unnamed__");
}

TEST_CASE("remote_files: no URL makes a name that leads elsewhere", "[builder]") {
  CHECK(file_name_of_url("http://h/..") == "download");
  CHECK(file_name_of_url("http://h/a%2f..") == "download");
  CHECK(file_name_of_url("http://h/a%2Fb") == "b");
  CHECK(file_name_of_url("http://h/a%0Ab") == "download");
  CHECK(file_name_of_url("http://h/a%00b") == "download");
  CHECK(file_name_of_url("http://h/%20") == "download");
}

TEST_CASE("secret_lookup: a secret as a line has no line end", "[builder]") {
  const auto find = [](const std::string& id) -> std::optional<std::string> {
    if (id == "none") return std::nullopt;
    return id + "\r\n\n";
  };
  CHECK(ibuild::builder::find_secret_line(find, "a b") == "a b");
  CHECK_FALSE(ibuild::builder::find_secret_line(find, "none"));
  CHECK_FALSE(ibuild::builder::find_secret_line({}, "x"));
}
