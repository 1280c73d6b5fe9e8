#include "builder/sbom/license.h"

#include <catch2/catch.hpp>

using ibuild::builder::LicenseTerms;

TEST_CASE("license: expressions are kept, in the letter case of the list", "[sbom]") {
  LicenseTerms terms;
  for (const char* known :
       {"MIT", "GPL-2.0-only", "MIT AND BSD-3-Clause", "(MIT OR Apache-2.0)",
        "GPL-2.0-or-later WITH Classpath-exception-2.0", "MIT OR (ISC AND Zlib) OR 0BSD"})
    CHECK(terms.expression(known) == known);
  CHECK(terms.expression("mit and bsd-3-clause") == "MIT AND BSD-3-Clause");
  CHECK(terms.expression("GPL-2+ or Expat") == "GPL-2.0-or-later OR MIT");
  CHECK(terms.expression("MIT License") == "MIT");
  CHECK(terms.expression("Apache License, Version 2.0") == "Apache-2.0");
  CHECK(terms.expression("") == "NOASSERTION");
  CHECK(terms.expression("  ") == "NOASSERTION");
  CHECK(terms.own().empty());
}

TEST_CASE("license: what is not of the list gets an id of its own", "[sbom]") {
  LicenseTerms terms;
  CHECK(terms.expression("custom") == "LicenseRef-custom");
  const auto odd = terms.expression("BSD, see file \"x\" \xc3\xa4");
  CHECK(odd.starts_with("LicenseRef-BSD-see-file-x-"));
  CHECK(odd.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
        std::string::npos);
  CHECK(terms.own().at(odd) == "BSD, see file \"x\" \xc3\xa4");
  CHECK(terms.own().at("LicenseRef-custom") == "custom");
  CHECK(terms.expression("MIT AND custom") != terms.expression("MIT AND other"));
  for (const char* broken : {"MIT AND", "(MIT", "MIT)", "AND", "MIT MIT", "MIT WITH", "()"})
    CHECK(terms.expression(broken).starts_with("LicenseRef-"));
}

TEST_CASE("license: hostile expressions end", "[sbom]") {
  LicenseTerms terms;
  CHECK(terms.expression(std::string(100'000, '(')).starts_with("LicenseRef-"));
  std::string many = "MIT";
  for (int i = 0; i < 10'000; ++i) many += " OR MIT";
  CHECK(terms.expression(many).starts_with("LicenseRef-"));
}
