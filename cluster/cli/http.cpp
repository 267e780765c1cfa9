#include "cluster/cli/http.hpp"

#include <curl/curl.h>

#include <memory>

namespace rondo::cli {
namespace {

constexpr long connect_ms_max = 5000;
constexpr long answer_ms_max = 15'000;
constexpr std::size_t answer_bytes_max = 8U << 20;

/// Curl's callback: taking less than it is given ends the transfer.
std::size_t keep(char* data, std::size_t, std::size_t size, void* kept) {
    auto& body = *static_cast<std::string*>(kept);
    if (body.size() + size > answer_bytes_max) return 0;
    body.append(data, size);
    return size;
}

struct Closer {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

tl::expected<std::string, std::string> post_json(const std::string& url, const std::string& body) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, Closer> curl(ready == CURLE_OK ? curl_easy_init() : nullptr);
    const std::unique_ptr<curl_slist, Closer> headers(curl_slist_append(nullptr, "content-type: application/json"));
    if (!curl || !headers) return tl::unexpected(std::string("libcurl does not start"));
    std::string answer;
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, connect_ms_max);
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, answer_ms_max);
    const CURLcode done = curl_easy_perform(curl.get());
    if (done != CURLE_OK) return tl::unexpected(std::string(*reason != '\0' ? reason : curl_easy_strerror(done)));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return tl::unexpected("it answers with HTTP status " + std::to_string(status));
    return answer;
}

}  // namespace rondo::cli
