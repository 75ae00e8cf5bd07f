"""The headers of the exports and lists, each with the fact that stands under it.

A header with "" has an empty column, one with "=..." that text in every row.
"""

Columns = list[tuple[str, str]]

TIKTOK_ORDERS_SEA: Columns = [
    ("Order ID", "order_id"), ("Order Status", "state"), ("Order Substatus", "state"),
    ("Cancelation/Return Type", ""), ("Normal or Pre-order", "=Normal"), ("SKU ID", "sku_id"),
    ("Seller SKU", "seller_sku"), ("Product Name", "product"), ("Variation", "=Default"),
    ("Quantity", "quantity"), ("Sku Quantity of return", "=0"),
    ("SKU Unit Original Price", "amount"), ("SKU Subtotal Before Discount", "amount"),
    ("SKU Platform Discount", "refund"), ("SKU Seller Discount", "refund"),
    ("SKU Subtotal After Discount", "amount"), ("Shipping Fee After Discount", "refund"),
    ("Original Shipping Fee", "refund"), ("Shipping Fee Seller Discount", "refund"),
    ("Shipping Fee Platform Discount", "refund"), ("Payment platform discount", "refund"),
    ("Taxes", "refund"), ("Order Amount", "amount"), ("Order Refund Amount", "refund"),
    ("Created Time", "created_at"), ("Paid Time", "paid_at"), ("RTS Time", "rts_at"),
    ("Shipped Time", "shipped_at"), ("Delivered Time", "delivered_at"),
    ("Cancelled Time", "cancelled_at"), ("Cancel By", ""), ("Cancel Reason", ""),
    ("Fulfillment Type", "=Fulfillment by seller"), ("Warehouse Name", "=Main"),
    ("Tracking ID", "tracking"), ("Delivery Option", "=Standard shipping"),
    ("Shipping Provider Name", "=J&T Express"), ("Buyer Message", "message"),
    ("Buyer Username", "username"), ("Recipient", "recipient"), ("Phone #", "phone"),
    ("Country", "=-"), ("Province", "=-"), ("District", "=-"), ("Commune", "=-"),
    ("Detail Address", "address"), ("Additional address information", "address2"),
    ("Payment Method", "=COD"), ("Weight(kg)", "=0.4"), ("Product Category", "=Home"),
    ("Package ID", "package"), ("Seller Note", "note"), ("Checked Status", "=Unchecked"),
    ("Checked Marked by", ""),
]  # fmt: skip
TIKTOK_ORDERS_US: Columns = [
    ("Order ID", "order_id"), ("Order Status", "state"), ("Order Substatus", "state"),
    ("Cancelation/Return Type", ""), ("Normal or Pre-order", "=Normal"), ("SKU ID", "sku_id"),
    ("Seller SKU", "seller_sku"), ("Product Name", "product"), ("Variation", "=Default"),
    ("Quantity", "quantity"), ("Sku Quantity of return", "=0"),
    ("SKU Unit Original Price", "amount"), ("SKU Subtotal After Discount", "amount"),
    ("Shipping Fee After Discount", "refund"), ("Taxes", "refund"), ("Order Amount", "amount"),
    ("Order Refund Amount", "refund"), ("Created Time", "created_at"), ("Paid Time", "paid_at"),
    ("RTS Time", "rts_at"), ("Shipped Time", "shipped_at"), ("Delivered Time", "delivered_at"),
    ("Cancelled Time", "cancelled_at"), ("Cancel By", ""), ("Cancel Reason", ""),
    ("Fulfillment Type", "=Fulfillment by seller"), ("Warehouse Name", "=Reno"),
    ("Tracking ID", "tracking"), ("Delivery Option", "=Standard shipping"),
    ("Shipping Provider Name", "=USPS"), ("Buyer Message", "message"),
    ("Delivery Instruction", "message"), ("Buyer Nickname", "nickname"),
    ("Buyer Username", "username"), ("Recipient", "recipient"), ("Phone #", "phone"),
    ("Country", "=United States"), ("State", "=-"), ("City", "=-"), ("Zipcode", "zipcode"),
    ("Address Line 1", "address"), ("Address Line 2", "address2"), ("Payment Method", "=Card"),
    ("Weight(lb)", "=0.9"), ("Product Category", "=Home"), ("Package ID", "package"),
    ("Purchase Channel", "=TikTok"), ("Seller Note", "note"),
]  # fmt: skip
TIKTOK_ORDERS_VI: Columns = [
    ("Mã đơn hàng", "order_id"), ("Trạng thái đơn hàng", "state"), ("ID SKU", "sku_id"),
    ("SKU của người bán", "seller_sku"), ("Tên sản phẩm", "product"), ("Số lượng", "quantity"),
    ("Số tiền đơn hàng", "amount"), ("Thời gian tạo", "created_at"),
    ("Thời gian thanh toán", "paid_at"), ("Thời gian sẵn sàng giao", "rts_at"),
    ("Thời gian gửi hàng", "shipped_at"), ("Thời gian giao hàng", "delivered_at"),
    ("Thời gian hủy", "cancelled_at"), ("Mã vận đơn", "tracking"),
    ("Lời nhắn của người mua", "message"), ("Tên người dùng của người mua", "username"),
    ("Người nhận", "recipient"), ("Số điện thoại", "phone"), ("Địa chỉ chi tiết", "address"),
]  # fmt: skip
TIKTOK_ORDERS_ZH: Columns = [
    ("订单号", "order_id"), ("订单状态", "state"), ("SKU ID", "sku_id"), ("商家SKU", "seller_sku"),
    ("商品名称", "product"), ("数量", "quantity"), ("订单金额", "amount"),
    ("创建时间", "created_at"),
    ("付款时间", "paid_at"), ("待揽收时间", "rts_at"), ("发货时间", "shipped_at"),
    ("送达时间", "delivered_at"), ("取消时间", "cancelled_at"), ("物流单号", "tracking"),
    ("买家留言", "message"), ("买家用户名", "username"), ("收件人", "recipient"), ("电话", "phone"),
    ("详细地址", "address"), ("商家备注", "note"),
]  # fmt: skip
TIKTOK_ORDERS_ID: Columns = [
    ("ID Pesanan", "order_id"), ("Status Pesanan", "state"), ("ID SKU", "sku_id"),
    ("SKU Penjual", "seller_sku"), ("Nama Produk", "product"), ("Jumlah", "quantity"),
    ("Jumlah Pesanan", "amount"), ("Waktu Dibuat", "created_at"), ("Waktu Dibayar", "paid_at"),
    ("Waktu RTS", "rts_at"), ("Waktu Dikirim", "shipped_at"), ("Waktu Terkirim", "delivered_at"),
    ("Waktu Dibatalkan", "cancelled_at"), ("Nomor Resi", "tracking"),
    ("Pesan Pembeli", "message"), ("Nama Pengguna Pembeli", "username"),
    ("Penerima", "recipient"), ("No. Telepon", "phone"), ("Alamat Lengkap", "address"),
]  # fmt: skip
TIKTOK_INCOME: Columns = [
    ("Order/adjustment ID  ", "id"), ("Type ", "type"), ("Order created time", "created_at"),
    ("Order settled time", "settled_at"), ("Currency", "currency"),
    ("Total settlement amount", "settlement"), ("Total Revenue", "revenue"),
    ("Subtotal after seller discounts", "revenue"), ("Subtotal before discounts", "revenue"),
    ("Seller discounts", "zero"), ("Refund subtotal after seller discounts", "zero"),
    ("Total Fees", "fees"), ("Transaction fee", "zero"), ("Platform commission fee", "fees"),
    ("Ajustment amount", "zero"), ("Related order ID ", "related_order_id"),
    ("Platform penalty", "penalty"), ("Chargeback", "zero"), ("Platform compensation", "zero"),
    ("Customer payment", "revenue"), ("Customer refund", "zero"),
    ("Estimated package weight (g)", "=400"), ("Actual package weight (g)", "=412"),
    ("Order Source", "=TikTok Shop"),
]  # fmt: skip
TIKTOK_INCOME_DRIFTED: Columns = [
    {
        "Order/adjustment ID  ": ("Order/Adjustment ID", "id"),
        "Type ": ("Transaction type", "type"),
    }.get(header, (header, key))
    for header, key in TIKTOK_INCOME
]
TIKTOK_INCOME_VI: Columns = [
    ("ID đơn hàng/điều chỉnh", "id"), ("Loại giao dịch", "type"),
    ("Thời gian tạo đơn hàng", "created_at"), ("Thời gian quyết toán đơn hàng", "settled_at"),
    ("Đơn vị tiền tệ", "currency"), ("Tổng số tiền quyết toán", "settlement"),
    ("Tổng doanh thu", "revenue"), ("Tổng phí", "fees"), ("Khoản phạt của nền tảng", "penalty"),
    ("ID đơn hàng liên quan", "related_order_id"),
]  # fmt: skip
TIKTOK_INCOME_ZH: Columns = [
    ("订单/调整单号", "id"), ("类型", "type"), ("订单创建时间", "created_at"),
    ("订单结算时间", "settled_at"),
    ("币种", "currency"), ("结算总金额", "settlement"), ("总收入", "revenue"), ("总费用", "fees"),
    ("平台罚款", "penalty"), ("关联订单号", "related_order_id"),
]  # fmt: skip
TIKTOK_WITHDRAWALS: Columns = [
    ("Type", "type"), ("Reference ID", "reference"), ("Request time(UTC+8)", "requested_at"),
    ("Amount", "amount"), ("Status", "status"), ("Success time(UTC+8)", "succeeded_at"),
    ("Bank account", "bank_account"),
]  # fmt: skip
TIKTOK_WITHDRAWALS_PLAIN: Columns = [
    (header.removesuffix("(UTC+8)"), key) for header, key in TIKTOK_WITHDRAWALS
]
TIKTOK_WITHDRAWALS_ZH: Columns = [
    ("类型", "type"), ("参考编号", "reference"), ("申请时间", "requested_at"), ("金额", "amount"),
    ("币种", "currency"), ("状态", "status"), ("到账时间", "succeeded_at"),
    ("银行账户", "bank_account"),
]  # fmt: skip
SHOPEE_ORDERS: Columns = [
    ("Order ID", "order_id"), ("Order Status", "state"), ("Hot Listing", "=N"),
    ("Cancel reason", ""), ("Return / Refund Status", ""), ("Tracking Number*", "tracking"),
    ("Shipping Option", "=Standard Delivery"), ("Shipment Method", "=Pickup"),
    ("Estimated Ship Out Date", "ship_by"), ("Ship Time", "shipped_at"),
    ("Order Creation Date", "created_at"), ("Order Paid Time", "paid_at"),
    ("Parent SKU Reference No.", "seller_sku"), ("Product Name", "product"),
    ("SKU Reference No.", "seller_sku"), ("Variation Name", "=Default"),
    ("Original Price", "amount"), ("Deal Price", "amount"), ("Quantity", "quantity"),
    ("Returned quantity", "=0"), ("Product Subtotal", "amount"), ("Seller Rebate", "refund"),
    ("Grand Total", "amount"), ("Username (Buyer)", "username"), ("Receiver Name", "recipient"),
    ("Phone Number", "phone"), ("Delivery Address", "address"), ("Zip Code", "zipcode"),
    ("Remark from buyer", "message"), ("Note", "note"), ("Order Complete Time", "delivered_at"),
]  # fmt: skip
SHOPEE_ORDERS_ID: Columns = [
    ("No. Pesanan", "order_id"), ("Status Pesanan", "state"), ("Alasan Pembatalan", ""),
    ("Status Pembatalan/ Pengembalian", ""), ("No. Resi", "tracking"),
    ("Opsi Pengiriman", "=Reguler"), ("Antar ke counter/ pick-up", "=Pick-up"),
    ("Pesanan Harus Dikirimkan Sebelum (Menghindari keterlambatan)", "ship_by"),
    ("Waktu Pengiriman Diatur", "shipped_at"), ("Waktu Pesanan Dibuat", "created_at"),
    ("Waktu Pembayaran Dilakukan", "paid_at"), ("SKU Induk", "seller_sku"),
    ("Nama Produk", "product"), ("Nomor Referensi SKU", "seller_sku"),
    ("Nama Variasi", "=Default"), ("Harga Awal", "amount"), ("Harga Setelah Diskon", "amount"),
    ("Jumlah", "quantity"), ("Total Harga Produk", "amount"), ("Total Pembayaran", "amount"),
    ("Catatan dari Pembeli", "message"), ("Catatan", "note"),
    ("Username (Pembeli)", "username"), ("Nama Penerima", "recipient"),
    ("No. Telepon", "phone"), ("Alamat Pengiriman", "address"),
    ("Waktu Pesanan Selesai", "delivered_at"),
]  # fmt: skip
LAZADA_ORDERS: Columns = [
    ("orderItemId", "item_id"), ("orderType", "=Normal"), ("Guarantee", ""),
    ("deliveryType", "=Standard"), ("lazadaId", "item_id"), ("sellerSku", "seller_sku"),
    ("lazadaSku", "sku_id"), ("wareHouse", "=dropshipping"), ("createTime", "created_at"),
    ("updateTime", "paid_at"), ("rtsSla", "ship_by"), ("ttsSla", ""),
    ("orderNumber", "order_id"), ("invoiceRequired", "=No"), ("invoiceNumber", ""),
    ("deliveredDate", "delivered_at"), ("customerName", "recipient"), ("customerEmail", "email"),
    ("shippingName", "recipient"), ("shippingAddress", "address"), ("shippingPhone", "phone"),
    ("paidPrice", "amount"), ("unitPrice", "amount"), ("itemName", "product"),
    ("variation", "=Default"), ("trackingCode", "tracking"), ("promisedShippingTime", ""),
    ("status", "state"), ("buyerFailedDeliveryReason", ""), ("refundAmount", "refund"),
    ("sellerNote", "note"),
]  # fmt: skip
VIOLATIONS: Columns = [
    ("Store", "shop"), ("Violation ID", "reference"), ("Rule", "rule"), ("Points", "points"),
    ("Status", "state"), ("Reported", "reported_at"), ("Enforced", "enforced_at"),
    ("Correct by", "correct_by"), ("Appeal by", "appeal_by"),
]  # fmt: skip
VIOLATIONS_OTHER_WORDS: Columns = [
    ("Appeal deadline", "appeal_by"), ("Shop name", "shop"), ("Record no.", "reference"),
    ("Reason for violation", "rule"), ("Points deducted", "points"), ("State", "state"),
    ("Date of notice", "reported_at"), ("Effective from", "enforced_at"),
    ("Correction deadline", "correct_by"), ("Remarks", "=see mail"),
]  # fmt: skip
VIOLATIONS_ZH: Columns = [
    ("店铺名称", "shop"), ("违规编号", "reference"), ("违规类型", "rule"), ("扣分", "points"),
    ("状态", "state"), ("通知时间", "reported_at"), ("生效时间", "enforced_at"),
    ("整改截止时间", "correct_by"), ("申诉截止时间", "appeal_by"),
]  # fmt: skip
VIOLATIONS_VI: Columns = [
    ("Cửa hàng", "shop"), ("Mã vi phạm", "reference"), ("Loại vi phạm", "rule"),
    ("Điểm trừ", "points"), ("Trạng thái", "state"), ("Ngày thông báo", "reported_at"),
    ("Ngày hiệu lực", "enforced_at"), ("Hạn khắc phục", "correct_by"),
    ("Hạn khiếu nại", "appeal_by"),
]  # fmt: skip
VIOLATIONS_ID: Columns = [
    ("Toko", "shop"), ("ID Pelanggaran", "reference"), ("Jenis Pelanggaran", "rule"),
    ("Poin", "points"), ("Status", "state"), ("Tanggal Pemberitahuan", "reported_at"),
    ("Berlaku Sejak", "enforced_at"), ("Batas Perbaikan", "correct_by"),
    ("Batas Banding", "appeal_by"),
]  # fmt: skip
RATINGS: Columns = [("Store", "shop"), ("Account Health Rating", "rating"), ("As of", "at")]
RATINGS_ZH: Columns = [("店铺", "shop"), ("账号健康评分", "rating"), ("日期", "at")]
RATINGS_ID: Columns = [
    ("Nama Toko", "shop"), ("Peringkat Kesehatan Akun", "rating"), ("Tanggal", "at"),
]  # fmt: skip
READINGS: Columns = [
    ("Store", "shop"), ("Metric", "measure"), ("Value", "value"), ("Unit", "unit"),
    ("Measured at", "at"),
]  # fmt: skip
READINGS_ZH: Columns = [
    ("店铺", "shop"), ("指标", "measure"), ("数值", "value"), ("单位", "unit"), ("时间", "at"),
]  # fmt: skip
STORES: Columns = [
    ("Store name", "shop"), ("Marketplace", "marketplace"), ("Market", "market"),
    ("Shop ID", "shop_id"), ("Client", "client"), ("Group", "group"),
]  # fmt: skip
STORES_ZH: Columns = [
    ("店铺名称", "shop"), ("平台", "marketplace"), ("站点", "market"), ("店铺ID", "shop_id"),
    ("客户", "client"), ("分组", "group"),
]  # fmt: skip
STORES_VI: Columns = [
    ("Tên cửa hàng", "shop"), ("Sàn", "marketplace"), ("Quốc gia", "market"),
    ("ID cửa hàng", "shop_id"), ("Khách hàng", "client"), ("Nhóm", "group"),
]  # fmt: skip
SUB_ACCOUNTS: Columns = [
    ("Store", "shop"), ("Account", "login"), ("Name", "name"), ("Role", "role"),
    ("Last login", "last_sign_in"),
]  # fmt: skip
SUB_ACCOUNTS_ZH: Columns = [
    ("店铺", "shop"), ("子账号", "login"), ("姓名", "name"), ("角色", "role"),
    ("最近登录", "last_sign_in"),
]  # fmt: skip
