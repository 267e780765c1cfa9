#include "cluster/config/key_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "cluster/config/load_accounts.hpp"
#include "tests/unit/config/scratch.hpp"

namespace rondo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class KeyFile : public test::Scratch {
  protected:
    PassphraseSource passphrase_file(const std::string& passphrase) const {
        const auto file = write("passphrase", passphrase + "\n");
        ::chmod(file.c_str(), 0600);
        return {std::nullopt, file, false};
    }
};

TEST_F(KeyFile, OfEveryKindReadsBackWithTheSamePublicPart) {
    for (const KeyKind kind : {KeyKind::signing, KeyKind::transport, KeyKind::account}) {
        const Key key = generate_key(kind);
        const auto file = path(std::string(to_string(kind)));
        ASSERT_TRUE(write_key(file, key));
        struct stat found {};
        ASSERT_EQ(::stat(file.c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777, 0600U);
        const auto back = read_key(file, kind);
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->public_part(), key.public_part());
    }
}

TEST_F(KeyFile, ThatOthersCanReadIsRefusedWithTheRemedy) {
    const auto file = path("key");
    ASSERT_TRUE(write_key(file, generate_key(KeyKind::signing)));
    for (const mode_t mode : {0640U, 0604U, 0660U}) {
        ::chmod(file.c_str(), mode);
        const auto back = read_key(file, KeyKind::signing);
        ASSERT_FALSE(back) << std::oct << mode;
        EXPECT_THAT(back.error().message, HasSubstr("chmod 600"));
    }
}

TEST_F(KeyFile, IsNeverOverwritten) {
    const auto file = path("key");
    ASSERT_TRUE(write_key(file, generate_key(KeyKind::signing)));
    const std::string before = content(file);
    EXPECT_FALSE(write_key(file, generate_key(KeyKind::signing)));
    EXPECT_EQ(content(file), before);
}

TEST_F(KeyFile, OfAnotherKindIsRefused) {
    ASSERT_TRUE(write_key(path("key"), generate_key(KeyKind::transport)));
    EXPECT_FALSE(read_key(path("key"), KeyKind::signing));
}

TEST_F(KeyFile, WhoseSecretIsNotThatOfItsPublicPartIsRefused) {
    ASSERT_TRUE(write_key(path("a"), generate_key(KeyKind::signing)));
    std::string text = content(path("a"));
    char& digit = text[text.find("public 0x") + 9];
    digit = digit == '0' ? '1' : '0';
    const auto file = write("b", text);
    ::chmod(file.c_str(), 0600);
    EXPECT_FALSE(read_key(file, KeyKind::signing));
}

TEST_F(KeyFile, OpensWithItsPassphraseAloneOnceSealed) {
    const Key key = generate_key(KeyKind::account);
    const std::string passphrase = "correct horse";
    ASSERT_TRUE(write_key(path("key"), key, &passphrase));
    EXPECT_THAT(content(path("key")), Not(HasSubstr(to_hex(key.secret.view()))));
    const auto header = read_key_header(path("key"));
    ASSERT_TRUE(header);
    EXPECT_TRUE(header->sealed);
    EXPECT_EQ(header->public_part, key.public_part());
    const auto back = read_key(path("key"), KeyKind::account, passphrase_file(passphrase));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->public_part(), key.public_part());
    const auto wrong = read_key(path("key"), KeyKind::account, passphrase_file("wrong horse"));
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr("wrong passphrase"));
    EXPECT_FALSE(read_key(path("key"), KeyKind::account)) << "without any passphrase";
}

TEST_F(KeyFile, TakesItsPassphraseFromADescriptor) {
    const Key key = generate_key(KeyKind::signing);
    const std::string passphrase = "from a pipe";
    ASSERT_TRUE(write_key(path("key"), key, &passphrase));
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::write(ends[1], "from a pipe\nrest", 16), 16);
    ::close(ends[1]);
    const auto back = read_key(path("key"), KeyKind::signing, {ends[0], {}, false});
    ::close(ends[0]);
    ASSERT_TRUE(back) << back.error().message;
}

TEST_F(KeyFile, CanBeSealedAndUnsealedInPlace) {
    const Key key = generate_key(KeyKind::signing);
    const std::string passphrase = "p";
    ASSERT_TRUE(write_key(path("key"), key));
    ASSERT_TRUE(replace_key(path("key"), key, &passphrase));
    EXPECT_FALSE(read_key(path("key"), KeyKind::signing));
    ASSERT_TRUE(replace_key(path("key"), key));
    const auto back = read_key(path("key"), KeyKind::signing);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->public_part(), key.public_part());
}

TEST_F(KeyFile, OfLoadAccountsGivesTheSameSendersAgain) {
    const Secret seed = generate_key(KeyKind::transport).secret;
    ASSERT_TRUE(write_load_seed(path("seed"), seed, 10));
    const auto back = read_load_seed(path("seed"));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->accounts, 10U);
    EXPECT_EQ(load_sender(back->seed, 3).address(), load_sender(seed, 3).address());
    EXPECT_NE(load_sender(seed, 3).address(), load_sender(seed, 4).address());
}

}  // namespace
}  // namespace rondo
