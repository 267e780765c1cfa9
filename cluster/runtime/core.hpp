#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/endpoints.hpp"
#include "messages/base/types.hpp"

/// What a core is, seen by the shell and by the simulator alike.
///
/// A core is a deterministic state machine. It reads its own store through StoreView, and everything it wants
/// done stands in the Effects of one step. The shell applies them in one order only:
///   1. records and cursors in one store transaction, committed (a Durable store: synced);
///   2. then, and only then, publishes, sends, asks, replies, timers and jobs.
/// What explains itself makes no commit necessary: messages of deterministic and best-effort streams, and sends marked
/// `self_evident`. When nothing else of a turn does, they are said at once, and the records follow within limits::commit_ms_max.
/// What was signed always is durable first (Effects::persist_first).
/// A core has no clock, thread, file, socket, random source, and no iteration over an unordered container
/// that can reach its output. Same inputs, same outputs, byte for byte.
namespace rondo {

// ---------------------------------------------------------------------------------------------- names

enum class Actor : std::uint8_t { intake, consensus, execution, da, watcher, rewards };
inline constexpr std::size_t actor_count = 6;
[[nodiscard]] std::string_view to_string(Actor actor);
[[nodiscard]] std::optional<Actor> actor_from_string(std::string_view name);

/// Durable streams (2-runtime: "Who says what to whom"). One publisher each.
enum class Stream : std::uint8_t {
    batches,       ///< intake: BatchRecord, payload included, once cited by a final block
    certificates,  ///< intake: PoA, as soon as it is known; best effort
    receipts,      ///< intake: Receipt, promises given
    lane_signed,   ///< intake: SignedMessage, headers and acks seen, own included
    vote_signed,   ///< consensus: SignedMessage, votes and proposals seen, own included
    blocks,        ///< consensus: FinalBlock; deterministic, sequence = height, first is 1
    results,       ///< execution: ExecutedBlock; deterministic, sequence = height, first is 1
    postings,      ///< da: Posting
};
inline constexpr std::size_t stream_count = 8;
[[nodiscard]] std::string_view to_string(Stream stream);
[[nodiscard]] Actor publisher_of(Stream stream);
/// Deterministic streams continue after a rebuild of their publisher's store; the others carry an incarnation id.
[[nodiscard]] bool is_deterministic(Stream stream);
/// Said at once to who listens, without sequence, row or replay: what it carries proves itself, and who missed it gets it again
/// by the protocol's own retries.
[[nodiscard]] bool is_best_effort(Stream stream);
/// Only the watcher hears it, which is in no hurry, or nobody yet: its messages leave with the commits of the environment, not
/// each by itself.
[[nodiscard]] bool is_patient(Stream stream);

/// Sockets between operators. Votes and bulk data never share one.
enum class Channel : std::uint8_t {
    lanes,  ///< intake <-> intake: batches, acks, certificates, forwards
    votes,  ///< consensus <-> consensus: proposals, votes, certificates
    sync,   ///< consensus <-> consensus: block ranges, old certificates
    fetch,  ///< intake <-> intake: batches by digest
    state,  ///< execution <-> execution: snapshots of the state, in parts
};
inline constexpr std::size_t channel_count = 5;
[[nodiscard]] std::string_view to_string(Channel channel);
[[nodiscard]] Actor owner_of(Channel channel);
[[nodiscard]] std::uint16_t port_of(const Endpoints& endpoints, Channel channel);
/// Read-only: whoever has the genesis may ask there, within quotas. The other channels are for the operators of the current sets.
[[nodiscard]] constexpr bool is_open(Channel channel) {
    return channel == Channel::sync || channel == Channel::fetch || channel == Channel::state;
}

/// Another operator, as the sets of the last, the current and the coming epochs list it.
struct Peer {
    OperatorNumber number;
    std::vector<TransportKey> transport_keys;  ///< newest first: two while it rotates
    Endpoints endpoints;                       ///< the newest
    bool operator==(const Peer&) const = default;
};

// ---------------------------------------------------------------------------------------------- store

/// A named table of an actor's store. Each core declares its own as constants, numbered from 0 without gaps.
struct Table {
    std::uint8_t index;
    std::string_view name;
};

class Checkpoint;
/// Ascending by height; at most limits::checkpoints_kept.
using Checkpoints = std::vector<std::shared_ptr<const Checkpoint>>;

/// Read access to the actor's own store as of the last step (uncommitted records of earlier steps of the
/// same turn included). A returned view is valid until the step returns.
class StoreView {
  public:
    virtual ~StoreView() = default;
    [[nodiscard]] virtual std::optional<ByteView> get(Table table, ByteView key) const = 0;
    /// Calls `visit(key, value)` in ascending key order for from <= key < to (an empty `to` means to the end)
    /// until it returns false.
    virtual void scan(Table table, ByteView from, ByteView to,
                      const std::function<bool(ByteView key, ByteView value)>& visit) const = 0;
    /// As scan, in descending order, for from <= key < to.
    virtual void scan_reverse(Table table, ByteView from, ByteView to,
                              const std::function<bool(ByteView key, ByteView value)>& visit) const = 0;
    /// The complete copies of this store (Effects::checkpoint). They change between steps only; a Durable store has none.
    [[nodiscard]] virtual const Checkpoints& checkpoints() const;
};

/// A complete, synced copy of a Derived store, all its tables as they stood after one step. It never changes, whatever the store
/// does meanwhile, and stays readable as long as somebody holds it; views of its records are valid as long.
/// A record that fails its checksum is as if it were not there; the copy is then not sound, and from the next turn on it is no
/// longer among checkpoints(): what was read of it may lack something.
class Checkpoint : public StoreView {
  public:
    [[nodiscard]] virtual Height height() const = 0;
    [[nodiscard]] virtual bool is_sound() const = 0;
};

struct Put {
    Table table;
    Bytes key;
    Bytes value;
};
struct Erase {
    Table table;
    Bytes key;
};
/// Erases from <= key < to.
struct EraseRange {
    Table table;
    Bytes from;
    Bytes to;
};
using Record = std::variant<Put, Erase, EraseRange>;

// --------------------------------------------------------------------------------------------- inputs

/// The next message of a subscribed stream: in order, without gaps, each exactly once as far as the store knows. Of a best-effort
/// stream: what came, with sequence 0.
struct StreamMessage {
    Stream stream;
    std::uint64_t sequence;
    Bytes payload;
};

/// From another operator; `from` is what the transport authenticated, not what the payload claims. On an open channel it may be a
/// guest: numbers from first_guest on name its connection, as long as it lasts, for the answer.
inline constexpr OperatorNumber first_guest{0x8000'0000};
struct PeerMessage {
    Channel channel;
    OperatorNumber from;
    Bytes payload;
};

using RequestId = std::uint64_t;  ///< chosen by the shell for what comes in
/// Who stands behind a request, so that nobody takes the others' share: a hash of the address or of the process that asks, or of
/// whom a gateway says it asks for; 0 if that is not known.
using ClientId = std::uint64_t;
/// A request from another actor of this node or from a tool; answer with a Reply of the same id. The
/// payload is the canonical encoding of the actor's request variant (messages/wire/requests.hpp).
struct Request {
    RequestId id;
    Bytes payload;
    ClientId client = 0;
};

using AskId = std::uint64_t;  ///< chosen by the core for what goes out; unique among its open asks
/// The answer to an Ask, or nothing when its deadline passed.
struct Answer {
    AskId id;
    std::optional<Bytes> payload;
};

using TimerId = std::uint64_t;  ///< chosen by the core; setting a timer again moves it
struct TimerFired {
    TimerId id;
};

using JobId = std::uint64_t;  ///< chosen by the core
/// For a RecoverSenders job: one entry per transaction, nothing where the signature is not valid.
struct JobDone {
    JobId id;
    std::vector<std::optional<Address>> senders;
};

/// The disk came short of the room that is kept free there (ShellConfig::disk_reserve_bytes), or has it again. Said when it
/// changes; a core begins with room.
struct DiskRoom {
    bool is_short = false;
};

/// All who hear one of the actor's own streams have what lies below `below` behind them for good, also after a power cut; or it
/// is so much (limits::retention_messages_max) that nobody is waited for any longer. It only rises while the process lives.
struct Released {
    Stream stream;
    std::uint64_t below;
};

using Input = std::variant<StreamMessage, PeerMessage, Request, Answer, TimerFired, JobDone, DiskRoom, Released>;

// -------------------------------------------------------------------------------------------- effects

/// A row of the outbox that stands in a record already: the publisher's disk holds it once.
struct RecordRef {
    Table table;
    Bytes key;
};

struct Publish {
    Stream stream;
    /// Deterministic streams: the height, exactly one above the last. Others: leave 0, the shell numbers them (best effort:
    /// nobody).
    std::uint64_t sequence = 0;
    std::variant<Bytes, RecordRef> payload;
    /// Deterministic streams: what must be equal on every node (the running hash covers it).
    Digest identity{};
};

/// The rows of an own deterministic stream below `below` go; whoever asks for them is told that they are gone. The newest row
/// stays. (Of other streams the shell drops them by itself.)
struct Forget {
    Stream stream;
    std::uint64_t below;
};

struct Send {
    Channel channel;
    OperatorNumber to;
    Bytes payload;
    /// States nothing that only this store could explain: certificates, questions, what was stored before. Signatures in it are
    /// others' or made durable by persist_first.
    bool self_evident = false;
};

/// Who can be asked. `backend` is the actor's own adapter to the outside (the DA layer).
enum class Askable : std::uint8_t { intake, consensus, execution, da, watcher, rewards, backend };
[[nodiscard]] std::string_view to_string(Askable whom);

struct Ask {
    Askable whom;
    AskId id;
    Bytes payload;
    DurationMs deadline_ms;
};

struct Reply {
    RequestId id;
    Bytes payload;
};

/// Fires once, `after_ms` from the step's `now`.
struct SetTimer {
    TimerId id;
    DurationMs after_ms;
};
struct CancelTimer {
    TimerId id;
};

/// Recovers the sender of each raw Ethereum transaction on the worker pool; answered by JobDone.
struct RecoverSenders {
    JobId id;
    std::vector<Bytes> transactions;
};

/// The actor cannot go on: the shell commits nothing more, logs the reason and exits with this code.
struct Stop {
    int exit_code;
    std::string reason;
};

/// One line for the operator's log. Never a secret.
enum class Level : std::uint8_t { debug, info, warn, error };
struct Log {
    Level level;
    std::string text;
};

struct Effects {
    std::vector<Record> records;
    std::vector<Publish> publishes;
    std::vector<Forget> forgets;  ///< with the records, after the publishes
    std::vector<Send> sends;
    std::vector<Ask> asks;
    std::vector<Reply> replies;
    std::vector<SetTimer> timers;
    std::vector<CancelTimer> cancelled;  ///< applied before `timers`
    std::vector<RecoverSenders> jobs;
    std::vector<Log> logs;
    std::optional<std::vector<Peer>> peers;  ///< from now on, in place of those named before; ascending, without self
    /// Derived stores: the store as it stands after this step is to be copied, under this height. The step is the last one of its
    /// turn. The copy is made while the actor goes on, and shows in StoreView::checkpoints() once it is complete; it is passed
    /// over while another one is being made, and where there is no room for it.
    std::optional<Height> checkpoint;
    std::optional<Stop> stop;
    bool persist_first = false;  ///< something was signed: nothing more is said before the records are durable

    void put(Table table, Bytes key, Bytes value) { records.push_back(Put{table, std::move(key), std::move(value)}); }
    void erase(Table table, Bytes key) { records.push_back(Erase{table, std::move(key)}); }
};

// ----------------------------------------------------------------------------------------------- core

/// A fact about the actor for `rondo status` and for metrics: a number, or a short text.
struct StatusField {
    std::string name;  ///< snake_case, the unit last: backlog_bytes
    std::variant<std::uint64_t, std::string> value;
};

/// Constructed from its configuration and a StoreView of its store, from which it recovers everything. The view
/// outlives the core.
class Core {
  public:
    virtual ~Core() = default;
    /// Once, before the first input: timers to arm, what to say again after a restart.
    [[nodiscard]] virtual Effects start(Instant now) = 0;
    [[nodiscard]] virtual Effects step(Instant now, const Input& input) = 0;
    [[nodiscard]] virtual std::vector<StatusField> status() const = 0;
};

enum class Durability : std::uint8_t {
    durable,  ///< every commit synced: intake, consensus, da, watcher
    derived,  ///< not synced; after a power cut made again from its newest checkpoint and its inputs: execution, rewards
};

/// What the shell must know of an actor to host it.
struct ActorTraits {
    Actor actor;
    Durability durability;
    std::vector<Table> tables;          ///< its own, index 0..n-1
    std::vector<Stream> subscriptions;  ///< of its own node
    std::vector<Channel> channels;
    std::uint32_t schema_version;
    /// Subscriptions whose messages may wait `linger_ms` for company: turns, and so commits, are made rarer by it.
    std::vector<Stream> lingering = {};
    DurationMs linger_ms = 0;
};

}  // namespace rondo
