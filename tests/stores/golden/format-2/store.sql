PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES('deal','{"dealt":{"mixture":"Parts { parts: [Part { annotations: 1, share: 0.7, weight: 7 }, Part { annotations: 2, share: 0.3, weight: 3 }], whole: 10 }","given":[26,12],"balance":{"tasks":41,"people":[{"name":"ann","weight":1000000,"quota":null,"here":true,"active":true,"given":17,"ahead":246005760},{"name":"bob","weight":1000000,"quota":null,"here":true,"active":true,"given":16,"ahead":-492011520},{"name":"cyd","weight":1000000,"quota":null,"here":true,"active":true,"given":20,"ahead":246005760}],"pairs":[[],[{"given":4,"offset":0}],[{"given":8,"offset":0},{"given":6,"offset":0}]],"cycle":null}},"looked_over":{"rules":"Loaded Balanced Hold","people":[{"name":"ann","tags":[],"weight":1.0,"quota":null,"active":true},{"name":"bob","tags":[],"weight":1.0,"quota":null,"active":true},{"name":"cyd","tags":[],"weight":1.0,"quota":null,"active":true}]},"known_since":{"ann":1796059614281,"bob":1796059614281,"cyd":1796059614281}}');
INSERT INTO meta VALUES('deal_version',6);
INSERT INTO meta VALUES('format',2);
INSERT INTO meta VALUES('key:(lead)','f19c55868d38c2f9034361667285d555');
INSERT INTO meta VALUES('key:ann','7a229cff842d642f728a08e99efb8c99');
INSERT INTO meta VALUES('key:bob','6f2c6dda2d44108fc9ae905eac6c7791');
INSERT INTO meta VALUES('key:cyd','485c52dbda2ba9ccfab0c04e36e4af48');
INSERT INTO meta VALUES('project','stored');
INSERT INTO meta VALUES('reopened',27);
CREATE TABLE task (
  seq        INTEGER PRIMARY KEY,          -- the order of admission
  id         TEXT NOT NULL UNIQUE,
  position   INTEGER NOT NULL UNIQUE,      -- the order of handing out
  input_hash INTEGER NOT NULL,
  task_hash  INTEGER NOT NULL,
  wanted     INTEGER NOT NULL,
  planned    INTEGER NOT NULL,             -- wanted, before any disagreement
  free       INTEGER NOT NULL,             -- wanted, less those who hold or have answered it
  finished   INTEGER NOT NULL DEFAULT 0,
  lanes      TEXT NOT NULL,                -- JSON: ["*"], or names
  part       INTEGER,                      -- the part of the mixture that it was counted to
  bound      INTEGER NOT NULL DEFAULT 0,   -- its annotators were named by the task or the load
  purpose    TEXT,                         -- NULL, or what it checks: gold, repeat:ID
  former     TEXT,                         -- NULL, or JSON: who has held it and gave it back
  reopened   INTEGER,                      -- number of the occasion on which it came back
  body       TEXT NOT NULL
);
INSERT INTO task VALUES(1,'c221622abb8a0c826114840d47c41f3b',-1099511627775,-1171479548,831165820,2,2,0,1,'["bob","ann"]',NULL,1,NULL,'["cyd"]',13,'{"text":"for bob and cyd 0","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}]}');
INSERT INTO task VALUES(2,'8c9aa9942f5ee64920f5a12b28921698',-1099511627774,-138129652,531240463,2,2,0,1,'["bob","cyd"]',NULL,1,NULL,NULL,NULL,'{"text":"for bob and cyd 1","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}]}');
INSERT INTO task VALUES(3,'e64d7ca377bacc6db3f84712f8d57de1',-1099511627773,-1123475332,-632494740,2,2,0,1,'["bob","cyd"]',NULL,1,NULL,NULL,NULL,'{"text":"for bob and cyd 2","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}]}');
INSERT INTO task VALUES(4,'350efc944033616fb315efe920270623',-1099511627772,200354621,1051398281,2,2,0,1,'["bob","ann"]',NULL,1,NULL,'["cyd"]',14,'{"text":"for bob and cyd 3","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}]}');
INSERT INTO task VALUES(5,'9ab0a91d2f0823fa63fbb5a9a9b245b6',5,1790526365,-1293530489,2,2,0,1,'["bob","ann"]',1,0,NULL,'["cyd"]',15,'{"text":"Sentence 0 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":0}');
INSERT INTO task VALUES(6,'cf5d853c71562bb36c32c34479df9cf1',6,-793370077,-896054872,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 1 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":1}');
INSERT INTO task VALUES(7,'ce71da9758df99564882703a318a5c71',7,-1308373375,1065592850,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 2 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":2}');
INSERT INTO task VALUES(8,'6cf1c8dad1846a7749523a44c22f24a6',8,-1276575787,247659009,1,1,0,1,'["ann"]',0,0,NULL,NULL,16,'{"text":"Sentence 3 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":3}');
INSERT INTO task VALUES(9,'9c9a717f15ef0fab1e86d256ea7d5543',9,67853892,771689306,1,1,0,1,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 4 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":4}');
INSERT INTO task VALUES(10,'6e57cf11e2b1f00a4af26afc73a11718',10,1859628715,-791016878,2,2,0,1,'["+*"]',NULL,0,'gold',NULL,2,'{"text":"Sentence 5 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":5,"meta":{"gold":{"accept":["A"]}}}');
INSERT INTO task VALUES(11,'b837aca60c173a6dbbb291874e9e267f',11,-488434708,-1931470760,1,1,0,1,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 6 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":6}');
INSERT INTO task VALUES(12,'3db33c57523f226238ffc7157aa104d0',-3298534883316,-559843885,1595737043,2,2,0,1,'["ann","cyd"]',1,0,NULL,'["cyd"]',12,'{"text":"Sentence 7 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":7,"meta":{"priority":3,"source":"wire"}}');
INSERT INTO task VALUES(13,'ac20dbba53697bdc977176e0e2abe5e9',13,1714991828,-161708690,2,2,0,1,'["bob","ann"]',1,0,NULL,NULL,17,'{"text":"Sentence 8 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":8}');
INSERT INTO task VALUES(14,'2b15a2971afc15abd09e807197c4c520',14,-1997767160,-1470541331,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 9 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":9,"score":1.1}');
INSERT INTO task VALUES(15,'c47b1b7805c4f6bc3d67c1d0e13fc522',15,-1796172886,-1112403360,1,1,0,1,'["ann"]',0,0,NULL,NULL,18,'{"text":"Sentence 10 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":10}');
INSERT INTO task VALUES(16,'0ebe303502bce650f3be0e9acf23ba8d',16,-1168516754,-2094325606,2,2,0,1,'["ann","bob"]',1,0,NULL,NULL,NULL,'{"text":"Sentence 11 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":11}');
INSERT INTO task VALUES(17,'65f0ce25d7b51d5fbe8a36862aa14752',17,-1476759395,80790809,1,1,0,1,'["ann"]',0,0,NULL,NULL,19,'{"text":"Sentence 12 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":12}');
INSERT INTO task VALUES(18,'6b350064489ceb27588c43b69f104fdc',18,1482140075,-1818116794,1,1,0,1,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 13 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":13}');
INSERT INTO task VALUES(19,'381b52a68e4ab7bffca73a48a604e705',19,1902780353,1287843454,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 14 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":14}');
INSERT INTO task VALUES(20,'28e23518a754c18888053c8a152ea1c9',20,-5931458,-74876567,2,2,1,0,'["ann","cyd"]',1,0,NULL,NULL,NULL,'{"text":"Sentence 15 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":15}');
INSERT INTO task VALUES(21,'039c7fc506f1f6c76e9c2176fe2301ea',21,-1308152441,769295339,1,1,0,1,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 16 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":16}');
INSERT INTO task VALUES(22,'8e007ee095740914c475c8c9142f10f6',22,-768102254,238532575,2,2,0,1,'["ann","bob"]',1,0,NULL,NULL,NULL,'{"text":"Sentence 17 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":17}');
INSERT INTO task VALUES(23,'542701b009e3c0a66a041f196ff22321',23,835017948,-211798765,3,3,0,0,'["+*"]',NULL,0,'gold',NULL,NULL,'{"text":"Sentence 18 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":18,"meta":{"gold":{"accept":["A"]}}}');
INSERT INTO task VALUES(24,'47db3a41019be91fe049288a3abf2b3a',24,-1116110063,1162201,1,1,0,1,'["ann"]',0,0,NULL,NULL,20,'{"text":"Sentence 19 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":19}');
INSERT INTO task VALUES(25,'3e4a0167cd6d9412d51080003386712f',25,828818947,1954710316,1,1,0,1,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 20 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":20}');
INSERT INTO task VALUES(26,'c8e315ec1250b51db1ae920790d9f698',26,1717262426,-1412843338,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 21 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":21}');
INSERT INTO task VALUES(27,'37080b0a147c10bd2928dd1351fc627d',27,-1003880071,-2044366142,1,1,0,1,'["ann"]',0,0,NULL,NULL,21,'{"text":"Sentence 22 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":22}');
INSERT INTO task VALUES(28,'3c1e454bd1f4141fbfdea97f652e0b6e',28,-1683353062,2134876557,2,2,1,0,'["ann","cyd"]',1,0,NULL,NULL,NULL,'{"text":"Sentence 23 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":23}');
INSERT INTO task VALUES(29,'3699c65b541b6c1daaa9ea994a080373',29,-1696453501,1705996458,1,1,0,1,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 24 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":24}');
INSERT INTO task VALUES(30,'d04fc7a3825f71cc78c441ba7b48e636',30,-811403435,307895753,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 25 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":25}');
INSERT INTO task VALUES(31,'ebb1ac3ed148204370b6e5a288fdca0b',31,1178047165,-1532906200,2,2,1,0,'["ann","bob","cyd"]',1,0,NULL,NULL,27,'{"text":"Sentence 26 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":26}');
INSERT INTO task VALUES(32,'e582693ba76fe3f22fc25fc15dd6655e',32,-998572059,1211097293,1,1,0,1,'["ann"]',0,0,NULL,NULL,23,'{"text":"Sentence 27 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":27}');
INSERT INTO task VALUES(33,'370be8965d76b5cf7ff10f9de962a93f',33,-1901090472,-1610858039,2,2,1,0,'["ann","bob","cyd"]',1,0,NULL,NULL,5,'{"text":"Sentence 28 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":28}');
INSERT INTO task VALUES(34,'8d32f7774806609f99995d481ef5511f',34,-1255619402,189429818,1,1,0,0,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 29 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":29}');
INSERT INTO task VALUES(35,'c2e9de726b0a4eb1453f4e80e80dbf6d',35,-1413107116,-2042819303,1,1,0,1,'["ann"]',0,0,NULL,NULL,24,'{"text":"Sentence 30 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":30}');
INSERT INTO task VALUES(36,'876fc4b526b8868a93674bbc7fd7b09a',36,-2048780930,-640768948,3,3,1,0,'["+*"]',NULL,0,'gold',NULL,NULL,'{"text":"Sentence 31 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":31,"meta":{"gold":{"accept":["A"]}}}');
INSERT INTO task VALUES(37,'29dc2da4f95ee8f1cd0515af17b70cc9',37,144586820,741624407,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 32 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":32}');
INSERT INTO task VALUES(38,'62e099e463511fc0889287f17e9281cb',38,1884822012,-2013584739,1,1,1,0,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 33 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":33}');
INSERT INTO task VALUES(39,'9b44f7fe7f4e426e9b6cb53a5157f905',39,86451914,271419885,2,2,1,0,'["ann","cyd"]',1,0,NULL,NULL,NULL,'{"text":"Sentence 34 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":34}');
INSERT INTO task VALUES(40,'10c2986eb8184c102a0e92e3968034ab',40,658150462,-1121515230,1,1,1,0,'["bob"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 35 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":35}');
INSERT INTO task VALUES(41,'3ad367f158f3d33b91a925a0351298e8',41,1374858662,1158233212,1,1,0,1,'["ann"]',0,0,NULL,NULL,25,'{"text":"Sentence 36 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":36}');
INSERT INTO task VALUES(42,'ef02f1a6fca6bdee8ff05a1c86541da9',42,734956062,1547263524,2,2,2,0,'["ann","bob","cyd"]',1,0,NULL,NULL,6,'{"text":"Sentence 37 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":37}');
INSERT INTO task VALUES(43,'0ddfed5348ea29e8fe9bc36ff23a8a72',43,-1451585931,258253098,1,1,0,1,'["ann"]',0,0,NULL,NULL,NULL,'{"text":"Sentence 38 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":38}');
INSERT INTO task VALUES(44,'050169836d0535ebe1b1c59aa68c4fa6',44,1377385066,370207714,1,1,0,1,'["ann"]',0,0,NULL,NULL,26,'{"text":"Sentence 39 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":39}');
INSERT INTO task VALUES(45,'451dcaa4d471826948e3fdfbda0f5c9d',45,-191469420,752479105,2,2,1,0,'["ann","cyd"]',1,0,NULL,NULL,NULL,'{"text":"numbers to the letter","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"w":1.50,"big":123456789012345678901234567890,"e":1e3,"$a":{"b.c":null}}');
INSERT INTO task VALUES(46,'d563f4fb95d2313e9c84cfae012656ed',46,-793370077,-896054872,1,1,0,1,'["ann"]',NULL,1,'repeat:cf5d853c71562bb36c32c34479df9cf1',NULL,NULL,'{"text":"Sentence 1 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":1}');
INSERT INTO task VALUES(47,'6f6194b6fee6e05f88135dd81281192e',47,67853892,771689306,1,1,0,1,'["bob"]',NULL,1,'repeat:9c9a717f15ef0fab1e86d256ea7d5543',NULL,NULL,'{"text":"Sentence 4 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":4}');
INSERT INTO task VALUES(48,'92e949e4c6d7b969d9a44ccb8a12643c',48,1902780353,1287843454,1,1,0,1,'["ann"]',NULL,1,'repeat:381b52a68e4ab7bffca73a48a604e705',NULL,NULL,'{"text":"Sentence 14 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":14}');
INSERT INTO task VALUES(49,'6dce241a1bff6906d5034426de3f8384',49,-1308373375,1065592850,1,1,0,1,'["ann"]',NULL,1,'repeat:ce71da9758df99564882703a318a5c71',NULL,NULL,'{"text":"Sentence 2 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":2}');
INSERT INTO task VALUES(50,'8606ff85648f95f797fb0f0e61df9119',50,-138129652,531240463,1,1,1,0,'["bob"]',NULL,1,'repeat:8c9aa9942f5ee64920f5a12b28921698',NULL,7,'{"text":"for bob and cyd 1","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}]}');
INSERT INTO task VALUES(51,'bb989cb04ce5418844884991d7de6797',51,-1168516754,-2094325606,1,1,0,1,'["ann"]',NULL,1,'repeat:0ebe303502bce650f3be0e9acf23ba8d',NULL,NULL,'{"text":"Sentence 11 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":11}');
INSERT INTO task VALUES(52,'b0b602e27789ea76e5817bffb766f047',52,1790526365,-1293530489,1,1,0,1,'["ann"]',NULL,1,'repeat:9ab0a91d2f0823fa63fbb5a9a9b245b6',NULL,NULL,'{"text":"Sentence 0 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":0}');
INSERT INTO task VALUES(53,'03a6d53ff0bec221ab3f026c8886cc2f',53,-1476759395,80790809,1,1,0,1,'["ann"]',NULL,1,'repeat:65f0ce25d7b51d5fbe8a36862aa14752',NULL,NULL,'{"text":"Sentence 12 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":12}');
INSERT INTO task VALUES(54,'0ee70be048f6613b8313bbf323434043',54,-1451585931,258253098,1,1,0,1,'["ann"]',NULL,1,'repeat:0ddfed5348ea29e8fe9bc36ff23a8a72',NULL,NULL,'{"text":"Sentence 38 — 你好","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}],"n":38}');
INSERT INTO task VALUES(55,'ad23538249481fe43ef998103de7f384',55,-138129652,531240463,1,1,0,0,'["cyd"]',NULL,1,'repeat:8c9aa9942f5ee64920f5a12b28921698',NULL,NULL,'{"text":"for bob and cyd 1","options":[{"id":"A","text":"yes, über"},{"id":"B","text":"no"}]}');
CREATE TABLE queue (
  lane TEXT NOT NULL, position INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (lane, position)
) WITHOUT ROWID;
INSERT INTO queue VALUES('+*',36,36);
INSERT INTO queue VALUES('ann',20,20);
INSERT INTO queue VALUES('ann',28,28);
INSERT INTO queue VALUES('ann',31,31);
INSERT INTO queue VALUES('ann',33,33);
INSERT INTO queue VALUES('ann',39,39);
INSERT INTO queue VALUES('ann',42,42);
INSERT INTO queue VALUES('ann',45,45);
INSERT INTO queue VALUES('bob',31,31);
INSERT INTO queue VALUES('bob',33,33);
INSERT INTO queue VALUES('bob',38,38);
INSERT INTO queue VALUES('bob',40,40);
INSERT INTO queue VALUES('bob',42,42);
INSERT INTO queue VALUES('bob',50,50);
INSERT INTO queue VALUES('cyd',20,20);
INSERT INTO queue VALUES('cyd',28,28);
INSERT INTO queue VALUES('cyd',31,31);
INSERT INTO queue VALUES('cyd',33,33);
INSERT INTO queue VALUES('cyd',39,39);
INSERT INTO queue VALUES('cyd',42,42);
INSERT INTO queue VALUES('cyd',45,45);
CREATE TABLE hold (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;
INSERT INTO hold VALUES(23,'cyd',1796059619613,1796059629613);
INSERT INTO hold VALUES(33,'bob',1796059619589,1796059629589);
INSERT INTO hold VALUES(34,'bob',1796059619589,1796059629589);
INSERT INTO hold VALUES(55,'cyd',1796059619613,1796059629613);
CREATE TABLE answer (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL,
  nth           INTEGER NOT NULL,          -- order of arrival at this task
  counts        INTEGER NOT NULL,          -- 0: it came too late; 2: a skip, which is none
  answer        TEXT NOT NULL,
  data          TEXT NOT NULL,             -- JSON: what the interface added
  time_loaded   INTEGER NOT NULL,          -- milliseconds since 1970, UTC
  time_returned INTEGER NOT NULL,
  history       TEXT NOT NULL,             -- JSON: earlier versions, oldest first
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;
INSERT INTO answer VALUES(1,'ann',2,1,'accept','{"accept":["B"]}',1796059619223,1796059619241,'[]');
INSERT INTO answer VALUES(1,'bob',1,1,'accept','{"accept":["A"]}',1796059618174,1796059618257,'[]');
INSERT INTO answer VALUES(1,'cyd',3,0,'accept','{"accept":["B"]}',1796059619525,1796059619525,'[{"answer":"accept","data":{"accept":["A"]},"time_loaded":1796059619463,"time_returned":1796059619463}]');
INSERT INTO answer VALUES(2,'bob',1,1,'reject','{}',1796059618325,1796059618325,'[{"answer":"accept","data":{"accept":["A"]},"time_loaded":1796059618174,"time_returned":1796059618257}]');
INSERT INTO answer VALUES(2,'cyd',2,1,'accept','{"accept":["B"]}',1796059618224,1796059618575,'[]');
INSERT INTO answer VALUES(3,'bob',1,1,'accept','{"accept":["A"]}',1796059618174,1796059618257,'[]');
INSERT INTO answer VALUES(3,'cyd',2,1,'accept','{"accept":["B"]}',1796059618579,1796059618587,'[]');
INSERT INTO answer VALUES(4,'ann',2,1,'accept','{"accept":["B"]}',1796059619223,1796059619241,'[]');
INSERT INTO answer VALUES(4,'bob',1,1,'accept','{"accept":["A"]}',1796059618174,1796059618468,'[]');
INSERT INTO answer VALUES(4,'cyd',3,0,'accept','{"accept":["B"]}',1796059619525,1796059619525,'[{"answer":"accept","data":{"accept":["A"]},"time_loaded":1796059619463,"time_returned":1796059619463}]');
INSERT INTO answer VALUES(5,'ann',2,1,'accept','{"accept":["B"]}',1796059619223,1796059619241,'[]');
INSERT INTO answer VALUES(5,'bob',1,1,'accept','{"accept":["B"]}',1796059618174,1796059618468,'[]');
INSERT INTO answer VALUES(5,'cyd',3,0,'accept','{"accept":["B"]}',1796059619525,1796059619525,'[{"answer":"accept","data":{"accept":["A"]},"time_loaded":1796059619463,"time_returned":1796059619463}]');
INSERT INTO answer VALUES(6,'ann',1,1,'accept','{"accept":["A"]}',1796059618153,1796059618153,'[{"answer":"reject","data":{},"time_loaded":1796059617860,"time_returned":1796059617882}]');
INSERT INTO answer VALUES(7,'ann',1,1,'accept','{"accept":["B"],"flagged":true,"comment":"ü   \"quoted\""}',1796059617860,1796059617882,'[]');
INSERT INTO answer VALUES(8,'ann',1,1,'accept','{"accept":["B"]}',1796059619276,1796059619286,'[]');
INSERT INTO answer VALUES(9,'bob',1,1,'accept','{"accept":["B"]}',1796059618174,1796059618532,'[]');
INSERT INTO answer VALUES(10,'ann',1,2,'ignore','{}',1796059617860,1796059617882,'[]');
INSERT INTO answer VALUES(10,'bob',2,1,'accept','{"accept":["B"]}',1796059618174,1796059618468,'[]');
INSERT INTO answer VALUES(10,'cyd',3,1,'accept','{"accept":["B"]}',1796059618224,1796059618563,'[]');
INSERT INTO answer VALUES(11,'bob',1,1,'accept','{"accept":["A"]}',1796059618174,1796059618532,'[]');
INSERT INTO answer VALUES(12,'ann',1,1,'accept','{"accept":["B"]}',1796059618120,1796059618120,'[{"answer":"accept","data":{"accept":["A"]},"time_loaded":1796059617860,"time_returned":1796059617882},{"answer":"accept","data":{"accept":["B"]},"time_loaded":1796059617961,"time_returned":1796059617961},{"answer":"accept","data":{"accept":["A"],"comment":"after all"},"time_loaded":1796059618060,"time_returned":1796059618060}]');
INSERT INTO answer VALUES(12,'cyd',2,1,'accept','{"accept":["B"]}',1796059619525,1796059619525,'[{"answer":"accept","data":{"accept":["A"]},"time_loaded":1796059619463,"time_returned":1796059619463}]');
INSERT INTO answer VALUES(13,'ann',2,1,'accept','{"accept":["B"]}',1796059619276,1796059619286,'[]');
INSERT INTO answer VALUES(13,'bob',1,1,'accept','{"accept":["B"]}',1796059618498,1796059618532,'[]');
INSERT INTO answer VALUES(14,'ann',1,1,'accept','{"accept":["B"]}',1796059617860,1796059618357,'[]');
INSERT INTO answer VALUES(15,'ann',1,1,'accept','{"accept":["B"]}',1796059619276,1796059619286,'[]');
INSERT INTO answer VALUES(16,'ann',1,1,'accept','{"accept":["B"]}',1796059618338,1796059618357,'[]');
INSERT INTO answer VALUES(16,'bob',2,1,'accept','{"accept":["A"]}',1796059618543,1796059618556,'[]');
INSERT INTO answer VALUES(17,'ann',1,1,'accept','{"accept":["B"]}',1796059619276,1796059619286,'[]');
INSERT INTO answer VALUES(18,'bob',1,1,'accept','{"accept":["A"]}',1796059618780,1796059618817,'[]');
INSERT INTO answer VALUES(19,'ann',1,1,'accept','{"accept":["B"]}',1796059618371,1796059618413,'[]');
INSERT INTO answer VALUES(20,'ann',1,1,'accept','{"accept":["A"]}',1796059618371,1796059618413,'[]');
INSERT INTO answer VALUES(21,'bob',1,1,'accept','{"accept":["A"]}',1796059618780,1796059618817,'[]');
INSERT INTO answer VALUES(22,'ann',1,1,'accept','{"accept":["B"]}',1796059618436,1796059618451,'[]');
INSERT INTO answer VALUES(22,'bob',2,1,'accept','{"accept":["A"]}',1796059618946,1796059618966,'[]');
INSERT INTO answer VALUES(23,'ann',1,1,'accept','{"accept":["A"]}',1796059617860,1796059618357,'[]');
INSERT INTO answer VALUES(23,'bob',2,1,'accept','{"accept":["B"]}',1796059618543,1796059618556,'[]');
INSERT INTO answer VALUES(24,'ann',1,1,'accept','{"accept":["B"]}',1796059619276,1796059619286,'[]');
INSERT INTO answer VALUES(25,'bob',1,1,'accept','{"accept":["A"]}',1796059618946,1796059618966,'[]');
INSERT INTO answer VALUES(26,'ann',1,1,'accept','{"accept":["A"]}',1796059618436,1796059618451,'[]');
INSERT INTO answer VALUES(27,'ann',1,1,'accept','{"accept":["B"]}',1796059619308,1796059619378,'[]');
INSERT INTO answer VALUES(28,'ann',1,1,'accept','{"accept":["A"]}',1796059618594,1796059618607,'[]');
INSERT INTO answer VALUES(29,'bob',1,1,'accept','{"accept":["A"]}',1796059618946,1796059618966,'[]');
INSERT INTO answer VALUES(30,'ann',1,1,'accept','{"accept":["A"]}',1796059618594,1796059618607,'[]');
INSERT INTO answer VALUES(31,'ann',2,1,'accept','{"accept":["B"]}',1796059619308,1796059619378,'[]');
INSERT INTO answer VALUES(31,'bob',1,2,'ignore','{}',1796059618946,1796059618966,'[]');
INSERT INTO answer VALUES(32,'ann',1,1,'accept','{"accept":["B"]}',1796059619308,1796059619378,'[]');
INSERT INTO answer VALUES(33,'ann',1,2,'ignore','{}',1796059618594,1796059618607,'[]');
INSERT INTO answer VALUES(35,'ann',1,1,'accept','{"accept":["B"]}',1796059619308,1796059619378,'[]');
INSERT INTO answer VALUES(36,'ann',1,1,'accept','{"accept":["B"]}',1796059618436,1796059618451,'[]');
INSERT INTO answer VALUES(36,'bob',2,1,'accept','{"accept":["A"]}',1796059618780,1796059618817,'[]');
INSERT INTO answer VALUES(37,'ann',1,1,'accept','{"accept":["A"]}',1796059618672,1796059618696,'[]');
INSERT INTO answer VALUES(39,'ann',1,1,'accept','{"accept":["A"]}',1796059618672,1796059618696,'[]');
INSERT INTO answer VALUES(41,'ann',1,1,'accept','{"accept":["B"]}',1796059619398,1796059619425,'[]');
INSERT INTO answer VALUES(42,'ann',1,2,'ignore','{}',1796059618672,1796059618696,'[]');
INSERT INTO answer VALUES(43,'ann',1,1,'accept','{"accept":["B"]}',1796059619223,1796059619241,'[]');
INSERT INTO answer VALUES(44,'ann',1,1,'accept','{"accept":["B"]}',1796059619398,1796059619425,'[]');
INSERT INTO answer VALUES(45,'ann',1,1,'accept','{"accept":["B"]}',1796059619223,1796059619241,'[]');
INSERT INTO answer VALUES(46,'ann',1,1,'accept','{"accept":["B"]}',1796059618371,1796059618413,'[]');
INSERT INTO answer VALUES(47,'bob',1,1,'accept','{"accept":["B"]}',1796059618543,1796059618556,'[]');
INSERT INTO answer VALUES(48,'ann',1,1,'accept','{"accept":["A"]}',1796059618594,1796059618607,'[]');
INSERT INTO answer VALUES(49,'ann',1,1,'accept','{"accept":["A"]}',1796059618672,1796059618696,'[]');
INSERT INTO answer VALUES(50,'bob',1,2,'ignore','{}',1796059618780,1796059618817,'[]');
INSERT INTO answer VALUES(51,'ann',1,1,'accept','{"accept":["B"]}',1796059619223,1796059619241,'[]');
INSERT INTO answer VALUES(52,'ann',1,1,'accept','{"accept":["B"]}',1796059619276,1796059619286,'[]');
INSERT INTO answer VALUES(53,'ann',1,1,'accept','{"accept":["B"]}',1796059619308,1796059619378,'[]');
INSERT INTO answer VALUES(54,'ann',1,1,'accept','{"accept":["B"]}',1796059619308,1796059619378,'[]');
CREATE TABLE totals (
  tasks INTEGER NOT NULL, finished INTEGER NOT NULL, wanted INTEGER NOT NULL,
  answers INTEGER NOT NULL, open_to_anyone INTEGER NOT NULL, short INTEGER NOT NULL,
  checks INTEGER NOT NULL, gold INTEGER NOT NULL
);
INSERT INTO totals VALUES(42,32,58,46,0,0,16,2);
CREATE TABLE share (
  annotator TEXT PRIMARY KEY, answered INTEGER NOT NULL, late INTEGER NOT NULL,
  named INTEGER NOT NULL, last_seen INTEGER, worked_ms INTEGER NOT NULL, timed INTEGER NOT NULL,
  skipped INTEGER NOT NULL, checks INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO share VALUES('ann',29,0,0,1796059619425,1200,29,2,10);
INSERT INTO share VALUES('bob',14,0,5,1796059618966,1651,14,1,5);
INSERT INTO share VALUES('cyd',3,3,7,1796059619525,359,3,0,1);
CREATE TABLE loaded_file (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO loaded_file VALUES('/srv/stored/tasks.jsonl','5086:1796059614091694239');
CREATE INDEX task_by_hash ON task (task_hash);
CREATE INDEX task_check ON task (seq) WHERE purpose IS NOT NULL;
CREATE INDEX task_reopened ON task (reopened) WHERE reopened IS NOT NULL AND free > 0;
CREATE INDEX hold_of ON hold (annotator);
CREATE INDEX answer_late ON answer (seq) WHERE counts = 0;
CREATE INDEX answer_of ON answer (annotator, counts, time_returned);
COMMIT;
