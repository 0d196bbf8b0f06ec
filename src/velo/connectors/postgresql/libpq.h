#pragma once

/// PostgreSQL's client library, opened when it is first needed: it brings some twenty
/// others along, which a program that moves files does not want to start with.

#include <libpq-fe.h>

#include "velo/error.h"

namespace velo::postgresql {

/// The functions that are used, by libpq's names without "PQ".
struct Libpq {
  decltype(&::PQconnectStartParams) connectStartParams;
  decltype(&::PQconnectPoll) connectPoll;
  decltype(&::PQpingParams) pingParams;
  decltype(&::PQfinish) finish;
  decltype(&::PQstatus) status;
  decltype(&::PQuser) user;
  decltype(&::PQhost) host;
  decltype(&::PQhostaddr) hostaddr;
  decltype(&::PQport) port;
  decltype(&::PQerrorMessage) errorMessage;
  decltype(&::PQconnectionUsedPassword) connectionUsedPassword;
  decltype(&::PQconnectionNeedsPassword) connectionNeedsPassword;
  decltype(&::PQsetnonblocking) setnonblocking;
  decltype(&::PQsetNoticeProcessor) setNoticeProcessor;
  decltype(&::PQsocket) socket;
  decltype(&::PQsendQuery) sendQuery;
  decltype(&::PQsendQueryParams) sendQueryParams;
  decltype(&::PQsendPrepare) sendPrepare;
  decltype(&::PQsendDescribePrepared) sendDescribePrepared;
  decltype(&::PQflush) flush;
  decltype(&::PQconsumeInput) consumeInput;
  decltype(&::PQisBusy) isBusy;
  decltype(&::PQgetResult) getResult;
  decltype(&::PQputCopyData) putCopyData;
  decltype(&::PQputCopyEnd) putCopyEnd;
  decltype(&::PQgetCopyData) getCopyData;
  decltype(&::PQfreemem) freemem;
  decltype(&::PQgetCancel) getCancel;
  decltype(&::PQcancel) cancel;
  decltype(&::PQfreeCancel) freeCancel;
  decltype(&::PQresultStatus) resultStatus;
  decltype(&::PQresultErrorField) resultErrorField;
  decltype(&::PQcmdStatus) cmdStatus;
  decltype(&::PQcmdTuples) cmdTuples;
  decltype(&::PQntuples) ntuples;
  decltype(&::PQnfields) nfields;
  decltype(&::PQfname) fname;
  decltype(&::PQftype) ftype;
  decltype(&::PQfmod) fmod;
  decltype(&::PQgetvalue) getvalue;
  decltype(&::PQgetlength) getlength;
  decltype(&::PQgetisnull) getisnull;
  decltype(&::PQclear) clear;
  decltype(&::PQlibVersion) libVersion;
};

/// Open the library, once. Errors: kNotFound, saying what to install. Threads: safe.
Result<const Libpq*> libpq();

}  // namespace velo::postgresql
