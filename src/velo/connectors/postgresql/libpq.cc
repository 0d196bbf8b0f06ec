#include "velo/connectors/postgresql/libpq.h"

#include "velo/base/function_loader.h"

namespace velo::postgresql {
namespace {

constexpr SystemLibrary kLibrary{.file_name = "libpq.so.5",
                                 .connector = "postgresql",
                                 .what = "PostgreSQL's client library",
                                 .package = "libpq5",
                                 .oldest = "PostgreSQL 12"};

void load_functions(FunctionLoader& loader, Libpq& library) {
  loader.load("PQconnectStartParams", library.connectStartParams);
  loader.load("PQconnectPoll", library.connectPoll);
  loader.load("PQpingParams", library.pingParams);
  loader.load("PQfinish", library.finish);
  loader.load("PQstatus", library.status);
  loader.load("PQuser", library.user);
  loader.load("PQhost", library.host);
  loader.load("PQhostaddr", library.hostaddr);
  loader.load("PQport", library.port);
  loader.load("PQerrorMessage", library.errorMessage);
  loader.load("PQconnectionUsedPassword", library.connectionUsedPassword);
  loader.load("PQconnectionNeedsPassword", library.connectionNeedsPassword);
  loader.load("PQsetnonblocking", library.setnonblocking);
  loader.load("PQsetNoticeProcessor", library.setNoticeProcessor);
  loader.load("PQsocket", library.socket);
  loader.load("PQsendQuery", library.sendQuery);
  loader.load("PQsendQueryParams", library.sendQueryParams);
  loader.load("PQsendPrepare", library.sendPrepare);
  loader.load("PQsendDescribePrepared", library.sendDescribePrepared);
  loader.load("PQflush", library.flush);
  loader.load("PQconsumeInput", library.consumeInput);
  loader.load("PQisBusy", library.isBusy);
  loader.load("PQgetResult", library.getResult);
  loader.load("PQputCopyData", library.putCopyData);
  loader.load("PQputCopyEnd", library.putCopyEnd);
  loader.load("PQgetCopyData", library.getCopyData);
  loader.load("PQfreemem", library.freemem);
  loader.load("PQgetCancel", library.getCancel);
  loader.load("PQcancel", library.cancel);
  loader.load("PQfreeCancel", library.freeCancel);
  loader.load("PQresultStatus", library.resultStatus);
  loader.load("PQresultErrorField", library.resultErrorField);
  loader.load("PQcmdStatus", library.cmdStatus);
  loader.load("PQcmdTuples", library.cmdTuples);
  loader.load("PQntuples", library.ntuples);
  loader.load("PQnfields", library.nfields);
  loader.load("PQfname", library.fname);
  loader.load("PQftype", library.ftype);
  loader.load("PQfmod", library.fmod);
  loader.load("PQgetvalue", library.getvalue);
  loader.load("PQgetlength", library.getlength);
  loader.load("PQgetisnull", library.getisnull);
  loader.load("PQclear", library.clear);
  loader.load("PQlibVersion", library.libVersion);
}

}  // namespace

Result<const Libpq*> libpq() {
  static const Result<Libpq> the_library = load_system_library(kLibrary, load_functions);
  ARROW_RETURN_NOT_OK(the_library.status());
  return &*the_library;
}

}  // namespace velo::postgresql
