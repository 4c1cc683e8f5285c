"""Shops' files as others publish them, each declared as a user would, with a small file in its layout.

UCI Online Retail (archive.ics.uci.edu/dataset/352), Olist's order items (kaggle.com/olistbr/brazilian-ecommerce), the
supermarket sales of Kaggle (kaggle.com/aungpyaeap/supermarket-sales), and what a European spreadsheet exports.
"""

from lakehouse.model import Column, Dataset, Field, Rule

RETAIL = Dataset(
    name="online_retail",
    topic="online_retail_topic",
    formats=("csv",),
    fields=(
        Field("invoice", Column("invoice", "string"), aliases=("InvoiceNo", "Invoice")),
        Field("product_id", Column("product_id", "string"), aliases=("StockCode",)),
        Field("product", Column("product", "string"), required=False, aliases=("Description",)),
        Field("quantity", Column("quantity", "int"), aliases=("Quantity",)),
        Field("sold_at", Column("sold_at", "timestamp"), aliases=("InvoiceDate",), formats=("%m/%d/%Y %H:%M",)),
        Field("unit_price", Column("unit_price", "decimal(12,2)"), aliases=("UnitPrice", "Price")),
        Field("client_id", Column("client_id", "string", personal=True), False, aliases=("CustomerID", "Customer ID")),
        Field("country", Column("country", "string"), required=False, aliases=("Country",)),
    ),
    key=None,
    time_column="sold_at",
    rules=(Rule("negative", "unit_price < 0"),),
)
RETAIL_FILE = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom
C536379,D,Discount,-1,12/31/2010 17:04,27.5,14527,United Kingdom
536414,22139,,56,12/1/2010 11:52,0,,United Kingdom
536370,22728,"ALARM CLOCK ""BAKELIKE"", PINK",24,2010-12-01 08:45:00,3.75,12583,France
536371,22086,PAPER CHAIN KIT,80,31/12/2010 9:00,2.55,13748,United Kingdom
A563185,B,Adjust bad debt,1,8/12/2011 14:50,-11062.06,,United Kingdom
536372,22632,HAND WARMER,6,12/1/10 9:01,1.85,17850,United Kingdom
536373,22632,HAND WARMER,6,12/1/2010 9:60,"1,85",17850,United Kingdom
"""

OLIST = Dataset(
    name="order_items",
    topic="order_items_topic",
    formats=("csv",),
    fields=(
        Field("order_id", Column("order_id", "string")),
        Field("line", Column("line", "int"), aliases=("order_item_id",)),
        Field("product_id", Column("product_id", "string")),
        Field("seller_id", Column("seller_id", "string")),
        Field("ship_by", Column("ship_by", "timestamp"), aliases=("shipping_limit_date",)),
        Field("price", Column("price", "decimal(12,2)")),
        Field("freight", Column("freight", "decimal(12,2)"), aliases=("freight_value",)),
    ),
    key=None,
    time_column="ship_by",
)
OLIST_FILE = """\
"order_id","order_item_id","product_id","seller_id","shipping_limit_date","price","freight_value"
"00010242fe8c",1,"4244733e06e7","48436dade18a",2017-09-19 09:45:35,58.90,13.29
"00018f77f2f0",1,"e5f2d52b8021","dd7ddc04e1b6",2017-05-03 11:05:13,239.90,19.93
"000229ec3982",one,"c777355d18b7","5b51032eddd2",2018-02-30 14:48:30,199.999,17.87
"""

SUPERMARKET = Dataset(
    name="supermarket",
    topic="supermarket_topic",
    formats=("csv",),
    fields=(
        Field("Invoice ID", Column("invoice", "string")),
        Field("Branch", Column("branch", "string")),
        Field("Product line", Column("product", "string")),
        Field("Unit price", Column("unit_price", "decimal(12,2)")),
        Field("Quantity", Column("quantity", "int")),
        Field("Date", Column("day", "date"), formats=("%m/%d/%Y",)),
        Field("Time", Column("clock", "string"), required=False),
        Field("Sold at", Column("sold_at", "timestamp"), required=False, formats=("%m/%d/%Y %H:%M",)),
        Field("Payment", Column("payment", "string")),
        Field("Rating", Column("rating", "double"), required=False),
    ),
    key="invoice",
    time_column="day",
    rules=(Rule("negative", "quantity < 0"),),
    derived=(("sold_at", "text_day || ' ' || text_clock"),),
)
SUPERMARKET_FILE = """\
Invoice ID,Branch,City,Customer type,Gender,Product line,Unit price,Quantity,Tax 5%,Total,\
Date,Time,Payment,cogs,gross margin percentage,gross income,Rating
750-67-8428,A,Yangon,Member,Female,Health and beauty,74.69,7,26.1415,548.9715,\
1/5/2019,13:08,Ewallet,522.83,4.761904762,26.1415,9.1
226-31-3081,C,Naypyitaw,Normal,Female,Electronic accessories,15.28,5,3.82,80.22,\
3/8/2019,10:29,Cash,76.4,4.761904762,3.82,9.6
631-41-3108,A,Yangon,Normal,Male,Home and lifestyle,46.33,7,16.2155,340.5255,\
3/32/2019,13:23,Credit card,324.31,4.761904762,16.2155,7.4
123-19-1176,A,Yangon,Member,Male,Health and beauty,58.22,-8,23.288,489.048,\
1/27/2019,20:33,,465.76,4.761904762,23.288,8.4
"""

EXPORT = Dataset(
    name="verkauf",
    topic="verkauf_topic",
    formats=("csv",),
    fields=(
        Field("Belegnummer", Column("receipt", "string"), aliases=("Beleg-Nr.",)),
        Field("Artikel", Column("product", "string")),
        Field("Menge", Column("quantity", "int"), decimal_comma=True),
        Field("Einzelpreis", Column("unit_price", "decimal(12,2)"), decimal_comma=True),
        Field("Rabatt", Column("discount", "double"), required=False, decimal_comma=True),
        Field("Datum", Column("sold_at", "timestamp"), formats=("%d.%m.%Y", "%d.%m.%y %H:%M:%S")),
    ),
    key="receipt",
    time_column="sold_at",
    delimiter=";",
)
EXPORT_FILE = """\
Beleg-Nr.;Artikel;Menge;Einzelpreis;Rabatt;Datum
R-1;Lampe, groß;1.250;1.234,50;0,15;24.12.2024
R-2;"Tisch; rund";2;999;;01.02.25 17:30:05
R-3;"Stuhl ""Nord""
in Eiche";3;-12,5;1,5e-1;2025-02-01T10:00:00Z
R-4;Regal;1;12.5;0;24.12.2024
R-5;Regal;1;1,234.56;0;24.12.2024
R-6;Regal;1,5;1.23,50;0;12/24/2024
R-7;Regal;1;0,123;0;29.02.2023
R-8;Regal;1;10,00;0;24.12.2024;zu viel
"""
